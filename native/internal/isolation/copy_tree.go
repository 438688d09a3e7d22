package isolation

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// identity is a file, whatever its name.
type identity struct{ device, inode uint64 }

// copier copies files with owners, modes, times, extended attributes and hard links.
type copier struct {
	// seen are copies of files that have several names.
	seen map[identity]string
}

// copyTree copies a file, or a directory with all that is in it, to a path where nothing is. Sockets are left out.
func copyTree(from, to string) error {
	c := copier{seen: map[identity]string{}}
	return c.tree(from, to)
}

func (c copier) tree(from, to string) error {
	var status unix.Stat_t
	if err := unix.Lstat(from, &status); err != nil {
		return &os.PathError{Op: "lstat", Path: from, Err: err}
	}
	if status.Mode&unix.S_IFMT != unix.S_IFDIR {
		return c.one(from, to, status)
	}
	if err := unix.Mkdir(to, 0o700); err != nil {
		return &os.PathError{Op: "mkdir", Path: to, Err: err}
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := c.tree(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return dress(from, to, status)
}

// one copies what is not a directory.
func (c copier) one(from, to string, status unix.Stat_t) error {
	key := identity{uint64(status.Dev), status.Ino}
	if earlier, known := c.seen[key]; known {
		return os.Link(earlier, to)
	}
	var err error
	switch status.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		err = copyContent(from, to)
	case unix.S_IFLNK:
		var target string
		if target, err = os.Readlink(from); err == nil {
			err = os.Symlink(target, to)
		}
	case unix.S_IFSOCK:
		return nil
	default:
		err = unix.Mknod(to, status.Mode, int(status.Rdev))
	}
	if err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	if status.Nlink > 1 {
		c.seen[key] = to
	}
	return dress(from, to, status)
}

// copyContent shares the blocks where the file system can.
func copyContent(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	made, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if unix.IoctlFileClone(int(made.Fd()), int(source.Fd())) != nil {
		if _, err := io.Copy(made, source); err != nil {
			return errors.Join(err, made.Close())
		}
	}
	return made.Close()
}

// dress gives a copy what its original has besides content. The mode comes after the owner, which takes bits of it away.
func dress(from, to string, status unix.Stat_t) error {
	if err := unix.Lchown(to, int(status.Uid), int(status.Gid)); err != nil {
		return &os.PathError{Op: "chown", Path: to, Err: err}
	}
	if status.Mode&unix.S_IFMT != unix.S_IFLNK {
		if err := unix.Chmod(to, status.Mode&0o7777); err != nil {
			return &os.PathError{Op: "chmod", Path: to, Err: err}
		}
		copyAttributes(from, to)
	}
	times := []unix.Timespec{status.Atim, status.Mtim}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, to, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "utimes", Path: to, Err: err}
	}
	return nil
}

// copyAttributes takes over the extended attributes that can be had: capabilities, lists of rights, the user's. A label of
// SELinux is the place's, not the file's.
func copyAttributes(from, to string) {
	size, err := unix.Llistxattr(from, nil)
	if err != nil || size == 0 {
		return
	}
	list := make([]byte, size)
	if size, err = unix.Llistxattr(from, list); err != nil {
		return
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list[:size]), "\x00"), "\x00") {
		if name == "security.selinux" || strings.HasPrefix(name, "trusted.") {
			continue
		}
		length, err := unix.Lgetxattr(from, name, nil)
		if err != nil {
			continue
		}
		value := make([]byte, length)
		if length, err = unix.Lgetxattr(from, name, value); err == nil {
			_ = unix.Lsetxattr(to, name, value[:length], 0)
		}
	}
}
