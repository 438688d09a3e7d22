package layer

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// ErrUnsorted says that a stream cannot be passed on entry by entry: it must be planned as a whole.
var ErrUnsorted = errors.New("the stream is not in the order of layers")

// Flow turns a sorted stream into a layer without keeping it: directories on the way are added, and whatever would need
// to look back gives ErrUnsorted.
type Flow struct {
	below *Tree
	epoch time.Time
	// dress is for directories that have to be made.
	dress func(header *tar.Header)
	// KeepDirectories says that a directory which is there already stays as it is.
	KeepDirectories bool
	last            string
	way             []wayStep
	// passed counts entries that were given on.
	passed int
	late   bool
}

// Late says that something given on was younger than the epoch.
func (f *Flow) Late() bool { return f.late }

// wayStep is a directory on the way to the last entry.
type wayStep struct {
	name string
	node *Node
}

// NewFlow starts a layer over a tree. dress may change the headers of directories that are made on the way.
func NewFlow(below *Tree, epoch time.Time, dress func(header *tar.Header)) *Flow {
	return &Flow{below: below, epoch: epoch, dress: dress, way: []wayStep{{name: ".", node: below.root}}}
}

// Pass gives the directories that an entry needs, then the entry. Its name is relative and clean; content is read at once.
func (f *Flow) Pass(header *tar.Header, content io.Reader, yield func(Entry) bool) error {
	if header.Name == "." || Reserved(header.Name) != nil || header.Typeflag == tar.TypeLink {
		return ErrUnsorted
	}
	parent, err := f.enter(path.Dir(header.Name), yield)
	if err != nil {
		return err
	}
	below, err := f.lookUp(parent, path.Base(header.Name))
	if err != nil {
		return err
	}
	if header.Typeflag == tar.TypeDir {
		if below != nil && !below.IsDir() {
			return ErrUnsorted
		}
		if below != nil && f.KeepDirectories {
			return nil
		}
		return f.directory(header, below, yield)
	}
	if below != nil && below.IsDir() {
		return ErrUnsorted
	}
	if err := f.inOrder(header.Name); err != nil {
		return err
	}
	f.late = f.late || header.ModTime.After(f.epoch)
	Latest(header, f.epoch)
	entry := Entry{Header: header, Open: func() (io.ReadCloser, error) { return io.NopCloser(content), nil }}
	if !yield(entry) {
		return errStopped
	}
	return nil
}

// Passed says whether any entry was given on.
func (f *Flow) Passed() bool { return f.passed > 0 }

// errStopped says that nobody wants more entries.
var errStopped = errors.New("stopped")

// enter goes to a directory, and gives those on the way that were not given yet.
func (f *Flow) enter(name string, yield func(Entry) bool) (wayStep, error) {
	for !Under(name, f.way[len(f.way)-1].name) {
		f.way = f.way[:len(f.way)-1]
	}
	for f.way[len(f.way)-1].name != name {
		here := f.way[len(f.way)-1]
		rest := name
		if here.name != "." {
			rest = strings.TrimPrefix(name, here.name+"/")
		}
		base, _, _ := strings.Cut(rest, "/")
		below, err := f.lookUp(here, base)
		if err != nil {
			return wayStep{}, err
		}
		header := Directory(path.Join(here.name, base), f.epoch).Header
		switch {
		case below == nil:
			f.dress(header)
		case !below.IsDir():
			return wayStep{}, ErrUnsorted
		default:
			if header, err = below.Describe(header.Name); err != nil {
				return wayStep{}, err
			}
		}
		if err := f.directory(header, below, yield); err != nil {
			return wayStep{}, err
		}
	}
	return f.way[len(f.way)-1], nil
}

func (f *Flow) directory(header *tar.Header, below *Node, yield func(Entry) bool) error {
	if f.way[len(f.way)-1].name == header.Name {
		return nil
	}
	if err := f.inOrder(header.Name); err != nil {
		return err
	}
	f.late = f.late || header.ModTime.After(f.epoch)
	Latest(header, f.epoch)
	f.way = append(f.way, wayStep{name: header.Name, node: below})
	if !yield(Entry{Header: header}) {
		return errStopped
	}
	return nil
}

func (f *Flow) lookUp(directory wayStep, base string) (*Node, error) {
	if directory.node == nil {
		return nil, nil
	}
	found, err := f.below.child(directory.node, base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return found, err
}

func (f *Flow) inOrder(name string) error {
	if f.last != "" && ByPlace(f.last, name) >= 0 {
		return ErrUnsorted
	}
	f.last = name
	f.passed++
	if f.passed > mostEntries {
		return errTooMany
	}
	return nil
}

// Under says whether a canonical name is a directory or lies below it.
func Under(name, directory string) bool {
	return directory == "." || name == directory || strings.HasPrefix(name, directory+"/")
}
