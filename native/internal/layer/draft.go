package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// mostEntries bounds what one layer may hold: what is planned is kept in memory.
const mostEntries = 2_000_000

var errTooMany = fmt.Errorf("there are more than %d files for one layer", mostEntries)

// Draft is a layer that is being planned over a tree: it shows the files as they will be. Nothing is written.
type Draft struct {
	below *Tree
	root  *planned
	epoch time.Time
	count int
	late  bool
	// copies are further names of files that are below.
	copies []copyOf
}

// NewDraft plans over a tree. Directories that have to be made are as old as epoch.
func NewDraft(below *Tree, epoch time.Time) *Draft {
	root := &planned{node: below.root}
	if below.root.path == "" {
		// An empty tree lies nowhere: its root cannot be asked for what it is.
		made := Directory(".", epoch)
		root.entry = &made
	}
	return &Draft{below: below, root: root, epoch: epoch}
}

// planned is one file of a draft.
type planned struct {
	// node is what the layers below have here, as far as it still shows; nil: nothing.
	node *Node
	// entry is what is new here; nil: it is as below.
	entry *Entry
	// hidden is what the layers below have here and the draft hides.
	hidden   *Node
	children map[string]*planned
}

func (p *planned) exists() bool { return p.entry != nil || p.node != nil }

// IsDir says whether it is a directory.
func (p *planned) IsDir() bool {
	if p.entry != nil {
		return p.entry.Header.Typeflag == tar.TypeDir
	}
	return p.node.IsDir()
}

// IsLink says whether it is a symbolic link.
func (p *planned) IsLink() bool {
	if p.entry != nil {
		return p.entry.Header.Typeflag == tar.TypeSymlink
	}
	return p.node.IsLink()
}

// Target reads a symbolic link.
func (p *planned) Target() (string, error) {
	if p.entry != nil {
		return p.entry.Header.Linkname, nil
	}
	return p.node.Target()
}

// Open reads a plain file.
func (p *planned) Open() (io.ReadCloser, error) {
	if p.entry == nil {
		return p.node.Open()
	}
	if p.entry.Open == nil {
		return io.NopCloser(strings.NewReader("")), nil
	}
	return p.entry.Open()
}

// Describe gives its tar header under a name.
func (p *planned) Describe(name string) (*tar.Header, error) {
	if p.entry == nil {
		return p.node.Describe(name)
	}
	header := *p.entry.Header
	header.Name, header.PAXRecords = name, maps.Clone(header.PAXRecords)
	return &header, nil
}

// Root is the root directory.
func (d *Draft) Root() File { return d.root }

// Child finds an entry of a directory; the error is fs.ErrNotExist where there is none.
func (d *Draft) Child(directory File, name string) (File, error) {
	found, err := d.child(directory.(*planned), name)
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (d *Draft) child(p *planned, name string) (*planned, error) {
	if found, known := p.children[name]; known {
		if !found.exists() {
			return nil, fs.ErrNotExist
		}
		return found, nil
	}
	if p.node == nil {
		return nil, fs.ErrNotExist
	}
	node, err := d.below.child(p.node, name)
	if err != nil {
		return nil, err
	}
	return &planned{node: node}, nil
}

// Names lists what a directory holds, sorted.
func (d *Draft) Names(directory File) ([]string, error) {
	p := directory.(*planned)
	var names []string
	if p.node != nil {
		below, err := d.below.names(p.node)
		if err != nil {
			return nil, err
		}
		names = slices.DeleteFunc(below, func(name string) bool { return p.children[name] != nil })
	}
	for name, child := range p.children {
		if child.exists() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// at gives the place of a canonical name to plan at, with the directories on the way.
func (d *Draft) at(name string) (*planned, error) {
	here := d.root
	parts := split(name)
	for i, part := range parts {
		next, known := here.children[part]
		if !known {
			next = &planned{}
			if here.node != nil {
				node, err := d.below.child(here.node, part)
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return nil, err
				}
				if err == nil {
					next.node = node
				}
			}
			if here.children == nil {
				here.children = map[string]*planned{}
			}
			here.children[part] = next
		}
		if i < len(parts)-1 {
			if !next.exists() {
				if err := d.way(next, strings.Join(parts[:i+1], "/")); err != nil {
					return nil, err
				}
			} else if !next.IsDir() {
				return nil, fmt.Errorf("/%s: %w", strings.Join(parts[:i+1], "/"), ErrNotDirectory)
			}
		}
		here = next
	}
	return here, nil
}

// way makes a directory on the way to a place.
func (d *Draft) way(place *planned, name string) error {
	if d.count++; d.count > mostEntries {
		return errTooMany
	}
	return d.put(place, Directory(name, d.epoch))
}

// Directory is a plain new directory of root's.
func Directory(name string, modified time.Time) Entry {
	return Entry{Header: &tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: 0o755, ModTime: modified}}
}

// Put plans an entry. Its name is canonical, as Resolve gives it; directories on the way are made where they are missing.
// A directory joins one that is there; anything else replaces what is there.
func (d *Draft) Put(entry Entry) error {
	if d.count++; d.count > mostEntries {
		return errTooMany
	}
	name := entry.Header.Name
	if err := Reserved(path.Dir(name)); err != nil {
		return err
	}
	if directory, is := IsOpaque(name); is {
		return d.Empty(directory)
	}
	if hidden, is := removed(name); is {
		return d.Remove(hidden)
	}
	if name == "." {
		return nil
	}
	place, err := d.at(name)
	if err != nil {
		return err
	}
	if entry.Header.Typeflag == tar.TypeLink {
		return d.link(place, entry)
	}
	return d.put(place, entry)
}

// link plans a further name of a file: the two share their entry. A file of the layers below is copied, since links do not
// reach across layers.
func (d *Draft) link(place *planned, entry Entry) error {
	name, to := entry.Header.Name, entry.Header.Linkname
	canonical, found, err := ResolveParent(d, to)
	if err != nil {
		return err
	}
	target, _ := found.(*planned)
	switch {
	case target == nil:
		return fmt.Errorf("%s is a link to %s, which is not there", name, to)
	case target.IsDir():
		return fmt.Errorf("%s is a link to %s, which is a directory", name, to)
	case target == place:
		return nil
	case target.entry == nil:
		// Of the node: what is planned at the target may become something else.
		copied, err := EntryOf(target.node, name)
		if err != nil {
			return err
		}
		if copied.Header == nil {
			return fmt.Errorf("%s is a link to %s, which has no place in a layer", name, to)
		}
		if err := d.put(place, copied); err != nil {
			return err
		}
		d.copies = append(d.copies, copyOf{entry: place.entry, node: target.node, from: canonical})
		return nil
	}
	d.cover(place)
	place.entry = target.entry
	return nil
}

func (d *Draft) put(place *planned, entry Entry) error {
	isDirectory := entry.Header.Typeflag == tar.TypeDir
	if !isDirectory || (place.exists() && !place.IsDir()) {
		d.cover(place)
	}
	if isDirectory && place.hidden != nil && place.hidden.IsDir() && place.node == nil {
		if err := d.reveal(place); err != nil {
			return err
		}
	}
	header := *entry.Header
	Latest(&header, d.epoch)
	entry.Header = &header
	place.entry = &entry
	return nil
}

// cover hides what is at a place.
func (d *Draft) cover(place *planned) {
	if place.node != nil {
		place.hidden = place.node
	}
	place.node, place.entry, place.children = nil, nil, nil
}

// reveal makes a directory anew where one was hidden: what it held stays hidden, name by name.
func (d *Draft) reveal(place *planned) error {
	place.node, place.hidden = place.hidden, nil
	return d.empty(place)
}

// Remove plans that a canonical name, and all below it, is not there.
func (d *Draft) Remove(name string) error {
	if name == "." {
		return errors.New("the root directory cannot be removed")
	}
	_, found, err := ResolveParent(d, name)
	if err != nil || found == nil {
		return err
	}
	place, err := d.at(name)
	if err != nil {
		return err
	}
	d.cover(place)
	return nil
}

// Empty plans that a directory holds nothing of what the layers below have there.
func (d *Draft) Empty(name string) error {
	_, found, err := ResolveParent(d, name)
	if err != nil || found == nil || !found.IsDir() {
		return err
	}
	place, err := d.at(name)
	if err != nil {
		return err
	}
	return d.empty(place)
}

// empty hides what a directory has from the layers below, at any depth; what is planned there stays.
func (d *Draft) empty(place *planned) error {
	if place.node == nil {
		return nil
	}
	names, err := d.below.names(place.node)
	if err != nil {
		return err
	}
	if place.children == nil {
		place.children = map[string]*planned{}
	}
	for _, name := range names {
		switch child := place.children[name]; {
		case child == nil:
			node, err := d.below.child(place.node, name)
			if err != nil {
				return err
			}
			place.children[name] = &planned{hidden: node}
		case child.holdsNew():
			if err := d.empty(child); err != nil {
				return err
			}
		default:
			d.cover(child)
		}
	}
	return nil
}

// holdsNew says whether it, or anything below it, is new.
func (p *planned) holdsNew() bool {
	if p.entry != nil {
		return true
	}
	for _, child := range p.children {
		if child.holdsNew() {
			return true
		}
	}
	return false
}

// Late says that something planned is younger than the epoch.
func (d *Draft) Late() bool { return d.late }

// Changed says whether anything is planned.
func (d *Draft) Changed() bool { return d.root.changed() }
