package layer

import (
	"archive/tar"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// dressBeside gives a file what the disk takes of its mode, attributes and time, and keeps the rest beside it.
func dressBeside(at string, header *tar.Header, to beside) error {
	what := stance{UID: uint32(header.Uid), GID: uint32(header.Gid)}
	if header.Typeflag != tar.TypeSymlink {
		if err := unix.Chmod(at, reachable(header)); err != nil {
			return fmt.Errorf("setting the mode of %s: %w", header.Name, err)
		}
	}
	for name, value := range attributesOf(header) {
		if unix.Lsetxattr(at, name, []byte(value), 0) == nil {
			continue
		}
		if what.Attributes == nil {
			what.Attributes = map[string]string{}
		}
		what.Attributes[name] = value
	}
	var status unix.Stat_t
	if err := unix.Lstat(at, &status); err != nil {
		return fmt.Errorf("reading what was written of %s: %w", header.Name, err)
	}
	wanted := typeOf(header) | uint32(header.Mode&0o7777)
	if header.Typeflag != tar.TypeSymlink && status.Mode != wanted {
		what.Mode = wanted
		if header.Typeflag == tar.TypeChar || header.Typeflag == tar.TypeBlock {
			what.Rdev = unix.Mkdev(uint32(header.Devmajor), uint32(header.Devminor))
		}
	}
	if err := to.note(at, status.Ino, what); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeDir {
		return nil
	}
	return setTime(at, header.ModTime)
}

// reachable is a mode with which this process can still use the file: without root's rights even an owner needs them.
func reachable(header *tar.Header) uint32 {
	mode := uint32(header.Mode & 0o7777)
	switch {
	case os.Geteuid() == 0:
		return mode
	case header.Typeflag == tar.TypeDir:
		return mode | 0o700
	}
	return mode | 0o600
}

func typeOf(header *tar.Header) uint32 {
	switch header.Typeflag {
	case tar.TypeDir:
		return unix.S_IFDIR
	case tar.TypeSymlink:
		return unix.S_IFLNK
	case tar.TypeChar:
		return unix.S_IFCHR
	case tar.TypeBlock:
		return unix.S_IFBLK
	case tar.TypeFifo:
		return unix.S_IFIFO
	}
	return unix.S_IFREG
}
