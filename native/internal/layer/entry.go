package layer

import (
	"archive/tar"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Entry is one file of a layer. Header holds its canonical name without a slash at either end, and all else that a tar
// says; Open reads the content of a plain file. A header whose base name begins with `.wh.` removes a file.
type Entry struct {
	Header *tar.Header
	Open   func() (io.ReadCloser, error)
}

// Removal is an entry that hides a file of the layers below.
func Removal(name string) Entry {
	directory, base := path.Split(name)
	return Entry{Header: &tar.Header{Typeflag: tar.TypeReg, Name: directory + whiteoutPrefix + base}}
}

// HeaderOf describes a file as a tar does, under a name. Times are whole seconds. Sockets have no place in a tar: nil.
func HeaderOf(node *Node, name string) (*tar.Header, error) {
	header := &tar.Header{
		Name:    name,
		Mode:    int64(node.Stat.Mode & 0o7777),
		Uid:     int(node.Stat.Uid),
		Gid:     int(node.Stat.Gid),
		ModTime: time.Unix(node.Stat.Mtim.Sec, 0),
	}
	switch node.Stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		header.Typeflag, header.Size = tar.TypeReg, node.Stat.Size
	case unix.S_IFDIR:
		header.Typeflag = tar.TypeDir
	case unix.S_IFLNK:
		target, err := node.Target()
		if err != nil {
			return nil, fmt.Errorf("reading the link %s: %w", name, err)
		}
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, target, 0o777
	case unix.S_IFCHR, unix.S_IFBLK:
		header.Typeflag = tar.TypeChar
		if node.Stat.Mode&unix.S_IFMT == unix.S_IFBLK {
			header.Typeflag = tar.TypeBlock
		}
		header.Devmajor, header.Devminor = int64(unix.Major(node.Stat.Rdev)), int64(unix.Minor(node.Stat.Rdev))
	case unix.S_IFIFO:
		header.Typeflag = tar.TypeFifo
	default:
		return nil, nil
	}
	found, err := node.attributes()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	SetAttributes(header, found)
	return header, nil
}

// SetAttributes gives a header extended attributes.
func SetAttributes(header *tar.Header, attributes map[string]string) {
	if len(attributes) > 0 && header.PAXRecords == nil {
		header.PAXRecords = map[string]string{}
	}
	for name, value := range attributes {
		header.PAXRecords[attributeRecord+name] = value
	}
}

// EntryOf is the entry of a file under a name; its header is nil for what has no place in a tar.
func EntryOf(file File, name string) (Entry, error) {
	header, err := file.Describe(name)
	if err != nil || header == nil {
		return Entry{}, err
	}
	entry := Entry{Header: header}
	if header.Typeflag == tar.TypeReg {
		entry.Open = file.Open
	}
	return entry, nil
}

// removed is the name that a whiteout hides; found is false for other entries.
func removed(name string) (hidden string, found bool) {
	directory, base := path.Split(name)
	rest, found := strings.CutPrefix(base, whiteoutPrefix)
	return directory + rest, found
}

// Latest moves a time that lies later back to the limit, and one before 1970, which not every driver keeps, to that year.
func Latest(header *tar.Header, limit time.Time) {
	// Not After, which is wrong about times that are beyond all calendars.
	if header.ModTime.Unix() > limit.Unix() {
		header.ModTime = limit
	}
	if header.ModTime.Unix() < 0 {
		header.ModTime = time.Unix(0, 0)
	}
	header.ModTime = header.ModTime.Truncate(time.Second)
	header.AccessTime, header.ChangeTime = time.Time{}, time.Time{}
}
