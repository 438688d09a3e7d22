package isolation

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// mark tells whether a file was changed: the time of its last change of any kind is the kernel's alone.
type mark struct {
	inode    uint64
	change   unix.Timespec
	mode     uint32
	uid, gid uint32
}

func (m mark) isDir() bool { return m.mode&unix.S_IFMT == unix.S_IFDIR }

// marksOf reads the marks of a file, or of a directory and all that is in it, by name; the top is ".".
func marksOf(path string) (map[string]mark, error) {
	marks := map[string]mark{}
	err := filepath.WalkDir(path, func(at string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var status unix.Stat_t
		if err := unix.Lstat(at, &status); err != nil {
			return &os.PathError{Op: "lstat", Path: at, Err: err}
		}
		name, err := filepath.Rel(path, at)
		marks[name] = mark{inode: status.Ino, change: status.Ctim, mode: status.Mode, uid: status.Uid, gid: status.Gid}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) && len(marks) == 0 {
		return marks, nil
	}
	return marks, err
}

// writeBack brings what was changed in a copy since it had the marks into its source. Only what changed is written.
func writeBack(changed, source string, before map[string]mark) error {
	now, err := marksOf(changed)
	if err != nil {
		return err
	}
	top, was := now["."], before["."]
	if !was.isDir() {
		// A file that was removed or became something else would have been busy as a mount.
		if top.mode&unix.S_IFMT != unix.S_IFREG || top == was {
			return nil
		}
		return rewrite(changed, source, top, was)
	}
	if len(now) > 0 && !top.isDir() {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := now[name]; !still && name != "." {
			if err := os.RemoveAll(filepath.Join(source, name)); err != nil {
				return err
			}
		}
	}
	c := copier{seen: map[identity]string{}}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if now[name] == before[name] {
			continue
		}
		if err := c.replace(filepath.Join(changed, name), filepath.Join(source, name), now[name]); err != nil {
			return err
		}
	}
	return nil
}

// rewrite gives a file another content in its place: others may have it mounted.
func rewrite(changed, source string, now, was mark) error {
	from, err := os.Open(changed)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(source, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		return errors.Join(err, to.Close())
	}
	if now.uid != was.uid || now.gid != was.gid {
		err = to.Chown(int(now.uid), int(now.gid))
	}
	if now.mode != was.mode && err == nil {
		err = unix.Fchmod(int(to.Fd()), now.mode&0o7777)
	}
	return errors.Join(err, to.Close())
}

// replace makes one file, or a directory without what is in it, as it is in the copy.
func (c copier) replace(from, to string, now mark) error {
	var there unix.Stat_t
	err := unix.Lstat(to, &there)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &os.PathError{Op: "lstat", Path: to, Err: err}
	}
	found := err == nil
	isDir := found && there.Mode&unix.S_IFMT == unix.S_IFDIR
	if found && isDir != now.isDir() {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		isDir = false
	}
	var status unix.Stat_t
	if err := unix.Lstat(from, &status); err != nil {
		return &os.PathError{Op: "lstat", Path: from, Err: err}
	}
	if !now.isDir() {
		made := to + ".slipway-new"
		if err := c.one(from, made, status); err != nil {
			return errors.Join(err, os.RemoveAll(made))
		}
		if now.mode&unix.S_IFMT == unix.S_IFSOCK {
			return nil
		}
		if err := os.Rename(made, to); err != nil {
			return err
		}
		if key := (identity{uint64(status.Dev), status.Ino}); c.seen[key] == made {
			c.seen[key] = to
		}
		return nil
	}
	if !isDir {
		if err := unix.Mkdir(to, 0o700); err != nil {
			return &os.PathError{Op: "mkdir", Path: to, Err: err}
		}
	}
	return dress(from, to, status)
}
