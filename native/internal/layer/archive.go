package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// Archive reads the entries of a tar as entries of a layer.
type Archive struct {
	entries *tar.Reader
}

// NewArchive reads a plain tar.
func NewArchive(stream io.Reader) *Archive { return &Archive{entries: tar.NewReader(stream)} }

// Content reads the content of the last entry.
func (a *Archive) Content() io.Reader { return a.entries }

// Next gives the next header: its name clean and relative, `.` the root, its attributes only those that layers keep. The
// error is io.EOF at the end. What must not be in a layer is an error that names it.
func (a *Archive) Next() (*tar.Header, error) {
	for {
		read, err := a.entries.Next()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("reading a tar: %w", err)
		}
		if read.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		return admit(read)
	}
}

// admit makes a header canonical, or says why it has no place in a layer.
func admit(read *tar.Header) (*tar.Header, error) {
	header := &tar.Header{Typeflag: read.Typeflag, Mode: read.Mode & 0o7777, Uid: read.Uid, Gid: read.Gid, ModTime: read.ModTime}
	var err error
	if header.Name, err = inside(read.Name, "name"); err != nil {
		return nil, err
	}
	if header.Name == "." && read.Typeflag != tar.TypeDir {
		return nil, fmt.Errorf("%q is the root directory and cannot be anything else", read.Name)
	}
	switch read.Typeflag {
	case tar.TypeReg, tar.TypeRegA, tar.TypeGNUSparse, tar.TypeCont: //nolint:staticcheck // old archives have it
		header.Typeflag, header.Size = tar.TypeReg, read.Size
		if read.Size > largestFile {
			return nil, fmt.Errorf("%s is said to have %d bytes, more than any disk", read.Name, read.Size)
		}
	case tar.TypeLink:
		if header.Linkname, err = inside(read.Linkname, "link"); err != nil {
			return nil, err
		}
	case tar.TypeSymlink:
		if header.Linkname = read.Linkname; read.Linkname == "" {
			return nil, fmt.Errorf("the link %s leads nowhere", read.Name)
		}
		if len(read.Linkname) > longestName {
			return nil, fmt.Errorf("the link %s leads to a name of %d bytes: %d is the most", read.Name, len(read.Linkname), longestName)
		}
		header.Mode = 0o777
	case tar.TypeChar, tar.TypeBlock:
		header.Devmajor, header.Devminor = read.Devmajor, read.Devminor
		if !isDevice(read) {
			return nil, fmt.Errorf("%s is the device %d:%d, numbers that no device has", read.Name, read.Devmajor, read.Devminor)
		}
	case tar.TypeDir, tar.TypeFifo:
	default:
		return nil, fmt.Errorf("%s is of type %q, which has no place in a layer", read.Name, read.Typeflag)
	}
	if !isID(header.Uid) || !isID(header.Gid) {
		return nil, fmt.Errorf("%s belongs to %d:%d, ids that no system has", read.Name, read.Uid, read.Gid)
	}
	SetAttributes(header, attributesOf(read))
	return header, nil
}

// isID says whether the kernel has such an id: it would drop higher bits, and takes the last one for no id at all.
func isID(id int) bool { return id >= 0 && id < 1<<32-1 }

// isDevice says whether the kernel has such a device. Overlay takes the character device 0:0 for a removed file.
func isDevice(header *tar.Header) bool {
	major, minor := header.Devmajor, header.Devminor
	return major >= 0 && major < 1<<12 && minor >= 0 && minor < 1<<20 && (major != 0 || minor != 0)
}

// longestPart bounds one part of a path, longestName a whole path, as the kernel does.
const (
	longestPart = 255
	longestName = 4095
)

// largestFile is beyond all disks, and far enough from the largest number to be added to.
const largestFile = 1 << 62

// inside makes a name clean; one that leads out is refused.
func inside(name, what string) (string, error) {
	if strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("the %s %q holds a zero byte", what, name)
	}
	if len(name) > longestName {
		return "", fmt.Errorf("the %s %.60s… has %d bytes: %d is the most", what, name, len(name), longestName)
	}
	depth := 0
	for _, part := range strings.Split(name, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; depth < 0 {
				return "", fmt.Errorf("the %s %s leads out of the archive", what, name)
			}
		default:
			depth++
		}
		if len(part) > longestPart {
			return "", fmt.Errorf("the %s %.60s… has a part of %d bytes: %d is the most", what, name, len(part), longestPart)
		}
	}
	cleaned := strings.TrimPrefix(path.Clean("/"+name), "/")
	if cleaned == "" {
		return ".", nil
	}
	if hidden, is := removed(cleaned); is && what == "name" && path.Base(cleaned) != opaqueMark {
		if base := path.Base(hidden); hidden == "" || base == "." || base == ".." || strings.HasSuffix(hidden, "/") {
			return "", fmt.Errorf("%s removes nothing that could exist", name)
		}
	}
	return cleaned, nil
}

// Reserved is a *ReservedName where a part of a name has a meaning in layers, else nil.
func Reserved(name string) error {
	if strings.HasPrefix(name, whiteoutPrefix) || strings.Contains(name, "/"+whiteoutPrefix) {
		return &ReservedName{Name: name}
	}
	return nil
}

// IsOpaque says whether an entry hides all that the layers below have in its directory.
func IsOpaque(name string) (directory string, is bool) {
	return path.Dir(name), path.Base(name) == opaqueMark
}
