package layer

import (
	"archive/tar"
	"iter"
	"maps"
	"path"
	"slices"
)

// Entries lists the layer in its order: directories on the way too, with what the layers below say of them.
func (d *Draft) Entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		e := emission{yield: yield, named: map[*Entry]string{}}
		e.children(d.root, "")
	}
}

type emission struct {
	yield func(Entry, error) bool
	// named tells under which name a file that has links was listed first.
	named map[*Entry]string
}

func (e *emission) children(p *planned, prefix string) bool {
	for _, name := range slices.Sorted(maps.Keys(p.children)) {
		if !e.one(p.children[name], path.Join(prefix, name)) {
			return false
		}
	}
	return true
}

func (e *emission) one(p *planned, name string) bool {
	switch {
	case !p.exists():
		return p.hidden == nil || e.yield(Removal(name), nil)
	case p.entry == nil && !p.changed():
		return true
	case p.entry == nil:
		entry, err := EntryOf(p.node, name)
		if !e.yield(entry, err) {
			return false
		}
	case p.entry.Header.Typeflag == tar.TypeDir:
		entry := *p.entry
		header := *entry.Header
		header.Name = name
		if !e.yield(Entry{Header: &header}, nil) {
			return false
		}
	default:
		return e.yield(e.listed(p, name))
	}
	return e.children(p, name)
}

// changed says whether anything is planned below.
func (p *planned) changed() bool {
	for _, child := range p.children {
		if child.entry != nil || (!child.exists() && child.hidden != nil) || child.changed() {
			return true
		}
	}
	return false
}

// listed lists a file under the first of its names, and links to that under the others.
func (e *emission) listed(p *planned, name string) (Entry, error) {
	header := *p.entry.Header
	header.Name = name
	if first, known := e.named[p.entry]; known {
		return Entry{Header: linkTo(&header, first)}, nil
	}
	e.named[p.entry] = name
	return Entry{Header: &header, Open: p.entry.Open}, nil
}
