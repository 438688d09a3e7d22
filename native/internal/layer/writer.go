package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// writer puts entries on the disk below a directory. Names must be canonical, and directories come before what they hold,
// so that no link is ever followed.
type writer struct {
	root string
	// markers says that a removal is a file `.wh.NAME`, not a device.
	markers bool
	// replace says that the directory is not empty: what is in the way gives way.
	replace bool
	// directories get their time last.
	directories []*tar.Header
	// beside takes what the disk cannot be told; nil: the disk is told all.
	beside beside
	// Refused counts devices that this process may not make.
	refused int
}

func (w *writer) path(name string) string { return filepath.Join(w.root, name) }

// begin makes an entry; a plain file is returned open for its content.
func (w *writer) begin(header *tar.Header) (*sparseFile, error) {
	if hidden, is := removed(header.Name); is {
		return nil, w.remove(hidden, header.Name)
	}
	at := w.path(header.Name)
	if w.replace {
		if err := w.clear(at, header.Typeflag); err != nil {
			return nil, err
		}
	}
	var err error
	switch header.Typeflag {
	case tar.TypeDir:
		if err = unix.Mkdir(at, 0o700); errors.Is(err, unix.EEXIST) && w.replace {
			err = nil
		}
		w.directories = append(w.directories, header)
	case tar.TypeReg:
		file, err := createFile(at)
		if err != nil {
			return nil, err
		}
		return &sparseFile{file: file}, nil
	case tar.TypeSymlink:
		err = os.Symlink(header.Linkname, at)
	case tar.TypeLink:
		if w.beside != nil {
			w.beside.link(w.path(header.Linkname), at)
		}
		return nil, unix.Linkat(unix.AT_FDCWD, w.path(header.Linkname), unix.AT_FDCWD, at, 0)
	case tar.TypeFifo:
		err = unix.Mkfifo(at, 0o600)
	case tar.TypeChar, tar.TypeBlock:
		if err = w.device(at, header); errors.Is(err, unix.EPERM) && w.beside != nil {
			err = os.WriteFile(at, nil, 0o600)
		} else if errors.Is(err, unix.EPERM) {
			w.refused++
			return nil, nil
		}
	default:
		err = fmt.Errorf("entries of type %q have no place in a layer", header.Typeflag)
	}
	if err != nil {
		return nil, err
	}
	return nil, w.dress(at, header)
}

func (w *writer) dress(at string, header *tar.Header) error {
	if w.beside != nil {
		return dressBeside(at, header, w.beside)
	}
	return dress(at, header)
}

// write makes an entry with its content.
func (w *writer) write(entry Entry) error {
	file, err := w.begin(entry.Header)
	if err != nil || file == nil {
		return err
	}
	if entry.Open != nil {
		content, err := entry.Open()
		if err != nil {
			return errors.Join(err, file.Close())
		}
		defer content.Close()
		if _, err := io.Copy(file, content); err != nil {
			return errors.Join(fmt.Errorf("writing /%s: %w", entry.Header.Name, err), file.Close())
		}
	}
	return w.end(file, entry.Header)
}

// end closes a plain file.
func (w *writer) end(file *sparseFile, header *tar.Header) error {
	if w.beside == nil && len(attributesOf(header)) == 0 {
		return errors.Join(dressOpen(file, header), file.Close())
	}
	if err := file.Close(); err != nil {
		return err
	}
	return w.dress(w.path(header.Name), header)
}

func (w *writer) device(at string, header *tar.Header) error {
	mode := uint32(unix.S_IFCHR)
	if header.Typeflag == tar.TypeBlock {
		mode = unix.S_IFBLK
	}
	return unix.Mknod(at, mode|0o600, int(unix.Mkdev(uint32(header.Devmajor), uint32(header.Devminor))))
}

func (w *writer) remove(hidden, marker string) error {
	switch {
	case w.replace:
		return os.RemoveAll(w.path(hidden))
	case w.markers:
		return os.WriteFile(w.path(marker), nil, 0o600)
	}
	return unix.Mknod(w.path(hidden), unix.S_IFCHR, 0)
}

// clear removes what stands where something else is to be.
func (w *writer) clear(at string, kind byte) error {
	status, err := os.Lstat(at)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && kind == tar.TypeDir && status.IsDir()) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(at)
}

// finish gives directories their times, the deepest first.
func (w *writer) finish() error {
	for i := len(w.directories) - 1; i >= 0; i-- {
		header := w.directories[i]
		if err := setTime(w.path(header.Name), header.ModTime); err != nil {
			return fmt.Errorf("dating %s: %w", header.Name, err)
		}
	}
	return nil
}

// dress gives a file its owner, mode, attributes and time, in the order in which none undoes another.
func dress(at string, header *tar.Header) error {
	if err := unix.Lchown(at, header.Uid, header.Gid); err != nil {
		return notGiven(header, err)
	}
	if header.Typeflag != tar.TypeSymlink {
		if err := unix.Chmod(at, uint32(header.Mode&0o7777)); err != nil {
			return fmt.Errorf("setting the mode of %s: %w", header.Name, err)
		}
	}
	for name, value := range attributesOf(header) {
		if err := unix.Lsetxattr(at, name, []byte(value), 0); err != nil && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.EPERM) {
			if len(value) > largeAttribute && !errors.Is(err, unix.EINVAL) {
				// Not the error itself, which says that the disk is full.
				return fmt.Errorf("the attribute %s of %s has %d bytes, more than the file system of the store takes: %v", name, header.Name, len(value), err)
			}
			return fmt.Errorf("setting the attribute %s of %s: %w", name, header.Name, err)
		}
	}
	if header.Typeflag == tar.TypeDir {
		return nil
	}
	return setTime(at, header.ModTime)
}

func notGiven(header *tar.Header, err error) error {
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("%s belongs to %d:%d, ids that this user has not: give the user more subordinate ids in /etc/subuid and /etc/subgid",
			header.Name, header.Uid, header.Gid)
	}
	return fmt.Errorf("giving %s to %d:%d: %w", header.Name, header.Uid, header.Gid, err)
}

// largeAttribute is from where on file systems may refuse attributes for their size.
const largeAttribute = 1000

func setTime(at string, modified time.Time) error {
	moment, err := unix.TimeToTimespec(modified)
	if err != nil {
		return err
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, at, []unix.Timespec{moment, moment}, unix.AT_SYMLINK_NOFOLLOW)
}
