package recipe

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"

	"slipway.dev/engine/internal/layer"
)

// madeMode is that of directories which a Place makes.
const madeMode = 0o775

// placing does a Place in a draft.
type placing struct {
	*making
	Place
	draft *layer.Draft
	// owner and mode are those of directories that are made; owner is also that of files.
	owner owner
	mode  int64
	// last is the directory that was reached last, and where that is in the image.
	last, at string
}

func (m *making) placeFiles(ctx context.Context, draft *layer.Draft, step Place) error {
	owner, err := ownerOf(draft, step.Owner, step.Group)
	if err != nil {
		return err
	}
	p := &placing{making: m, Place: step, draft: draft, owner: owner.or(0), mode: madeMode}
	if err := p.remove(); err != nil {
		return err
	}
	if step.Open != nil {
		if err := following(ctx, step.Open, p.take); err != nil {
			return err
		}
	}
	return p.prune()
}

// remove takes away what the mapping has no more.
func (p *placing) remove() error {
	for _, name := range p.Removed {
		if err := relative(name); err != nil {
			return err
		}
		canonical, found, err := layer.ResolveParent(p.draft, path.Join(p.To, name))
		if err == nil && found != nil {
			err = p.draft.Remove(canonical)
		}
		if err != nil && !errors.Is(err, layer.ErrNotDirectory) {
			return fmt.Errorf("removing %s: %w", path.Join(p.To, name), err)
		}
	}
	return nil
}

// relative refuses names that are not below a directory, whatever they are joined to.
func relative(name string) error {
	if name == "" || path.Clean("/"+name) != "/"+name {
		return fmt.Errorf("%q cannot be removed: it is no plain path below a directory", name)
	}
	return nil
}

// prune removes directories that hold nothing since something was removed, the innermost first.
func (p *placing) prune() error {
	emptied := map[string]bool{}
	for _, name := range p.Removed {
		for up := path.Dir(name); up != "." && !emptied[up]; up = path.Dir(up) {
			emptied[up] = true
		}
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(emptied))) {
		canonical, found, err := layer.ResolveParent(p.draft, path.Join(p.To, name))
		if errors.Is(err, layer.ErrNotDirectory) || (err == nil && (found == nil || !found.IsDir())) {
			continue
		}
		var held []string
		if err == nil {
			held, err = p.draft.Names(found)
		}
		if err == nil && len(held) == 0 && canonical != "." {
			err = p.draft.Remove(canonical)
		}
		if err != nil {
			return fmt.Errorf("removing the empty directory %s: %w", path.Join(p.To, name), err)
		}
	}
	return nil
}

// take plans the files of a tar.
func (p *placing) take(stream io.Reader) error {
	if _, err := p.reach(p.To); err != nil {
		return err
	}
	spool := p.spool()
	return eachEntry(stream, func(header *tar.Header, content io.Reader) error {
		if err := p.one(header, content, spool); err != nil {
			return fmt.Errorf("placing %s: %w", path.Join(p.To, header.Name), err)
		}
		return nil
	})
}

func (p *placing) one(header *tar.Header, content io.Reader, spool *layer.Spool) error {
	if err := layer.Reserved(header.Name); err != nil {
		return err
	}
	if header.Name == "." {
		return nil
	}
	name := path.Join(p.To, header.Name)
	if header.Typeflag == tar.TypeDir {
		_, err := p.reach(name)
		return err
	}
	entry := layer.Entry{Header: header}
	if header.Typeflag == tar.TypeReg {
		if err := p.Store.Room(header.Size); err != nil {
			return err
		}
		var err error
		if entry.Open, err = spool.Keep(content, header.Size); err != nil {
			return err
		}
	}
	directory, err := p.reach(path.Dir(name))
	if err != nil {
		return err
	}
	if header.Typeflag == tar.TypeLink {
		header.Linkname = path.Join(p.To, header.Linkname)
	}
	header.Name = path.Join(directory, path.Base(name))
	p.owner.give(header)
	return p.draft.Put(entry)
}

// reach finds a directory, or makes it with those above. What is there and is none gives way.
func (p *placing) reach(name string) (canonical string, err error) {
	if name == p.last && p.last != "" {
		return p.at, nil
	}
	canonical, err = p.reachAnew(name)
	p.last, p.at = name, canonical
	return canonical, err
}

func (p *placing) reachAnew(name string) (string, error) {
	canonical, found, err := layer.Resolve(p.draft, name)
	if err == nil && found != nil && found.IsDir() {
		return canonical, nil
	}
	if err != nil && !errors.Is(err, layer.ErrNotDirectory) {
		return "", err
	}
	if path.Dir(name) != name {
		if _, err := p.reachAnew(path.Dir(name)); err != nil {
			return "", err
		}
	}
	// Where a link leads, what lies above may be missing too.
	if canonical, found, err = layer.Resolve(p.draft, name); err == nil && found != nil {
		canonical, _, err = layer.ResolveParent(p.draft, name)
	}
	if err != nil {
		return "", err
	}
	if above := path.Dir(canonical); above != "." && "/"+above != path.Dir(name) {
		if _, err := p.reachAnew("/" + above); err != nil {
			return "", err
		}
	}
	made := layer.Directory(canonical, p.Epoch)
	made.Header.Mode = p.mode
	p.owner.give(made.Header)
	return canonical, p.draft.Put(made)
}
