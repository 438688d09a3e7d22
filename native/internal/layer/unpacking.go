package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Unpack writes the entries of a tar into an empty directory as the files of one layer, whiteouts as files, and returns the
// size of their contents. What the disk cannot be told is kept beside the directory.
func Unpack(archive *Archive, directory string) (size int64, err error) {
	u := &unpacking{writer: writer{root: directory, markers: true}, made: map[string]bool{".": true}}
	kept, err := newBeside(directory)
	if err != nil {
		return 0, err
	}
	if kept != nil {
		u.beside = kept
	}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return size, err
		}
		if err := u.one(header, archive); err != nil {
			return size, fmt.Errorf("unpacking /%s: %w", header.Name, err)
		}
		size += header.Size
	}
	if err := u.finish(); err != nil || kept == nil {
		return size, err
	}
	return size, kept.save()
}

// newBeside is what keeps the owners of a layer's directory; nil: they are real there.
func newBeside(directory string) (*sidecar, error) {
	real, err := keepsOwners(directory)
	if err != nil || real {
		return nil, err
	}
	return newSidecar(directory), nil
}

// unpacking is a layer from elsewhere, whose entries come in any order.
type unpacking struct {
	writer
	// made are directories that are there, and are no links.
	made map[string]bool
}

func (u *unpacking) one(header *tar.Header, archive *Archive) error {
	if header.Name == "." {
		u.directories = append(u.directories, header)
		return u.dress(u.root, header)
	}
	var err error
	if header.Name, err = u.reach(header.Name); err != nil {
		return err
	}
	if header.Typeflag == tar.TypeLink {
		if header.Linkname, err = u.reach(header.Linkname); err != nil {
			return err
		}
	}
	if _, hides := removed(header.Name); hides {
		if isAufs(header.Name) {
			return nil
		}
		if _, err := os.Lstat(u.path(header.Name)); err == nil {
			return nil
		}
	} else if there, err := u.giveWay(header); there || err != nil {
		return err
	}
	if header.Typeflag == tar.TypeDir {
		u.made[header.Name] = true
	}
	return u.write(Entry{Header: header, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(archive.Content()), nil
	}})
}

// isAufs says whether a name belongs to the bookkeeping of an old driver.
func isAufs(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(base, whiteoutPrefix+whiteoutPrefix) && base != opaqueMark
}

// giveWay makes room for an entry whose name was there before; done is true for a directory, which only gets its new dress.
func (u *unpacking) giveWay(header *tar.Header) (done bool, err error) {
	at := u.path(header.Name)
	status, err := os.Lstat(at)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if header.Typeflag == tar.TypeDir && status.IsDir() {
		u.directories = append(u.directories, header)
		u.made[header.Name] = true
		return true, u.dress(at, header)
	}
	if status.IsDir() {
		u.made = map[string]bool{".": true}
		u.directories = slices.DeleteFunc(u.directories, func(one *tar.Header) bool { return Under(one.Name, header.Name) })
	}
	return false, os.RemoveAll(at)
}

// reach follows the links on the way to a name, inside the layer, and makes the directories that are missing.
func (u *unpacking) reach(name string) (string, error) {
	if u.made[path.Dir(name)] {
		return name, nil
	}
	tree, err := PlainTree(u.root)
	if err != nil {
		return "", err
	}
	canonical, _, err := ResolveParent(tree, name)
	if err != nil {
		return "", err
	}
	return canonical, u.way(path.Dir(canonical))
}

// way makes a directory and those above it, canonical names.
func (u *unpacking) way(directory string) error {
	if u.made[directory] {
		return nil
	}
	if err := u.way(path.Dir(directory)); err != nil {
		return err
	}
	if err := unix.Mkdir(u.path(directory), 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	u.made[directory] = true
	return nil
}
