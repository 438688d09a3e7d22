package layer

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// copyFile makes a file like another of any type but directories: its content, not yet its owner, mode and times.
func copyFile(from, to string, status *unix.Stat_t) error {
	switch status.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return copyContent(from, to, status)
	case unix.S_IFLNK:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	if err := unix.Mknod(to, status.Mode&unix.S_IFMT|0o600, int(status.Rdev)); err != nil {
		return &os.PathError{Op: "mknod", Path: to, Err: err}
	}
	return nil
}

// blockSize is the unit of st_blocks.
const blockSize = 512

func copyContent(from, to string, status *unix.Stat_t) error {
	source, err := os.OpenFile(from, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	switch {
	case status.Size == 0 || unix.IoctlFileClone(int(target.Fd()), int(source.Fd())) == nil:
		return target.Close()
	case status.Blocks*blockSize < status.Size:
		sparse := &sparseFile{file: target}
		// In pieces as large as holes: the file's own way of copying has smaller ones.
		_, err = io.CopyBuffer(plainWriter{sparse}, plainReader{source}, make([]byte, copyBuffer))
		return errors.Join(err, sparse.Close())
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// copyAttributes gives a copy the attributes of a file that belong into layers.
func copyAttributes(from, to string, extra map[string]string) error {
	found, err := attributes(byPath(from))
	if err != nil {
		return err
	}
	for _, some := range []map[string]string{found, extra} {
		for name, value := range some {
			err := unix.Lsetxattr(to, name, []byte(value), 0)
			if err != nil && !errors.Is(err, unix.ENOTSUP) && !errors.Is(err, unix.EPERM) {
				return fmt.Errorf("setting the attribute %s of %s: %w", name, to, err)
			}
		}
	}
	return nil
}
