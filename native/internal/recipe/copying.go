package recipe

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/match"
)

// taken is one source of a Copy after its pattern was looked up.
type taken struct {
	// name is where it lies in the source; base is what it is called.
	name string
	file layer.File
}

// copy plans what COPY and ADD do.
func (m *making) copy(ctx context.Context, draft *layer.Draft, step Copy) error {
	files, err := m.source(ctx, step.From)
	if err != nil {
		return err
	}
	c, err := newCopying(draft, step)
	if err != nil {
		return err
	}
	c.making, c.from = m, files
	_, c.keepOwner = step.From.(TreeSource)
	c.keepOwner = c.keepOwner && step.Chown == ""
	if c.excludes, err = match.NewExcluder(step.Exclude); err != nil {
		return err
	}
	if step.Parents {
		return c.withParents(step.Patterns)
	}
	var sources []taken
	for _, pattern := range step.Patterns {
		found, err := lookUp(files, pattern)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("%s is not there to copy", pattern)
		}
		sources = append(sources, found...)
	}
	for _, one := range sources {
		if err := c.one(one, len(sources) > 1 || len(step.Patterns) > 1); err != nil {
			return fmt.Errorf("copying %s: %w", one.name, err)
		}
	}
	return nil
}

// source gives the files that a Copy may take.
func (m *making) source(ctx context.Context, from Source) (layer.Files, error) {
	switch from := from.(type) {
	case TreeSource:
		return m.Tree(from.Image)
	case ContextSource:
		draft, err := m.empty()
		if err != nil {
			return nil, err
		}
		return draft, following(ctx, from.Open, func(stream io.Reader) error {
			// Files of a context are files: none removes another.
			return m.unpack(draft, stream, "", func(header *tar.Header) error { return layer.Reserved(header.Name) })
		})
	case TextSource:
		draft, err := m.empty()
		if err != nil {
			return nil, err
		}
		for name, text := range from.Files {
			if err := draft.Put(textEntry(name, text, m.Epoch)); err != nil {
				return nil, err
			}
		}
		return draft, nil
	case FileSource:
		return m.download(from)
	}
	return nil, fmt.Errorf("files of a %T cannot be copied", from)
}

// empty is a draft over nothing.
func (m *making) empty() (*layer.Draft, error) {
	nothing, err := layer.NewTree()
	if err != nil {
		return nil, err
	}
	return layer.NewDraft(nothing, m.Epoch), nil
}

func textEntry(name, text string, modified time.Time) layer.Entry {
	return layer.Entry{
		Header: &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(path.Clean("/"+name), "/"), Mode: 0o644, Size: int64(len(text)), ModTime: modified},
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
}

func (m *making) download(from FileSource) (layer.Files, error) {
	status, err := os.Stat(from.Path)
	if err != nil {
		return nil, err
	}
	draft, err := m.empty()
	if err != nil {
		return nil, err
	}
	return draft, draft.Put(layer.Entry{
		Header: &tar.Header{Typeflag: tar.TypeReg, Name: from.Name, Mode: 0o600, Size: status.Size(), ModTime: instantOf(from.Modified, m.Epoch)},
		Open:   func() (io.ReadCloser, error) { return os.Open(from.Path) },
	})
}

// lookUp finds what a pattern names, sorted. Links in the names of directories are followed, one that a pattern names
// itself is followed too where it leads somewhere.
func lookUp(files layer.Files, pattern string) ([]taken, error) {
	found := []taken{{name: ".", file: files.Root()}}
	for _, part := range strings.Split(strings.Trim(path.Clean("/"+pattern), "/"), "/") {
		if part == "" {
			continue
		}
		var next []taken
		for _, directory := range found {
			more, err := matching(files, directory, part)
			if err != nil {
				return nil, err
			}
			next = append(next, more...)
		}
		found = next
	}
	return found, nil
}

func matching(files layer.Files, in taken, part string) ([]taken, error) {
	canonical, directory, err := layer.Resolve(files, in.name)
	if err != nil || directory == nil || !directory.IsDir() {
		return nil, err
	}
	names, err := files.Names(directory)
	if err != nil {
		return nil, err
	}
	if _, literal := slices.BinarySearch(names, part); literal {
		names = []string{part}
	}
	var found []taken
	for _, name := range names {
		fits, err := path.Match(part, name)
		if err != nil {
			return nil, fmt.Errorf("the pattern %s: %w", part, err)
		}
		if !fits && name != part {
			continue
		}
		one := path.Join(canonical, name)
		if through, target, err := layer.Resolve(files, one); err == nil && target != nil {
			found = append(found, taken{name: through, file: target})
			continue
		}
		if file, err := files.Child(directory, name); err == nil {
			found = append(found, taken{name: one, file: file})
		}
	}
	return found, nil
}

// copying puts files into a draft.
type copying struct {
	*making
	*dressing
	draft    *layer.Draft
	from     layer.Files
	excludes *match.Excluder
	// keepOwner leaves owners as they are in the source.
	keepOwner bool
	unpack    bool
	// linked tells where a file that has several names was put first.
	linked map[layer.Identity]string
}

func newCopying(draft *layer.Draft, step Copy) (*copying, error) {
	dressing, err := newDressing(draft, step)
	if err != nil {
		return nil, err
	}
	return &copying{dressing: dressing, draft: draft, unpack: step.Unpack, linked: map[layer.Identity]string{}}, nil
}

// one copies one source: what a directory holds, or a file.
func (c *copying) one(source taken, several bool) error {
	if source.file.IsDir() {
		canonical, err := c.reach(c.to)
		if err != nil {
			return err
		}
		if err := c.directory(source.file, canonical); err != nil {
			return err
		}
		return c.contents(source, source.name, canonical)
	}
	if c.unpack && !source.file.IsLink() {
		if done, err := c.archive(source); done || err != nil {
			return err
		}
	}
	name := c.to
	existing, found, err := layer.Resolve(c.draft, c.to)
	if err != nil {
		return err
	}
	if several || strings.HasSuffix(c.to, "/") || (found != nil && found.IsDir()) {
		name = path.Join(c.to, path.Base(source.name))
	} else if found != nil {
		name = existing
	}
	return c.put(source.file, name)
}

// reach makes a name canonical; what is missing of it is made as a directory.
func (c *copying) reach(name string) (string, error) {
	canonical, found, err := layer.Resolve(c.draft, name)
	if err != nil {
		return "", err
	}
	if found != nil && !found.IsDir() {
		return "", fmt.Errorf("/%s is there and is not a directory", canonical)
	}
	return canonical, nil
}

// parents makes the directories above a canonical name.
func (c *copying) parents(canonical string) error {
	parent := path.Dir(canonical)
	if parent == "." {
		return nil
	}
	if _, found, err := layer.Resolve(c.draft, parent); err != nil || found != nil {
		return err
	}
	if err := c.parents(parent); err != nil {
		return err
	}
	made := layer.Directory(parent, c.Epoch)
	c.own(made.Header)
	return c.draft.Put(made)
}

// directory copies a directory itself, unless there is one already.
func (c *copying) directory(file layer.File, canonical string) error {
	if _, found, err := layer.Resolve(c.draft, canonical); err != nil || (found != nil && found.IsDir()) {
		return err
	}
	return c.put(file, canonical)
}

func (c *copying) contents(source taken, root, to string) error {
	names, err := c.from.Names(source.file)
	if err != nil {
		return err
	}
	for _, name := range names {
		file, err := c.from.Child(source.file, name)
		if err != nil {
			return err
		}
		here := path.Join(source.name, name)
		if !file.IsDir() {
			if excluded, err := c.excludes.Excludes(here); err != nil || excluded {
				if err != nil {
					return err
				}
				continue
			}
			if err := c.put(file, path.Join(to, name)); err != nil {
				return err
			}
			continue
		}
		if excluded, err := c.excludes.ExcludesAll(here); err != nil || excluded {
			if err != nil {
				return err
			}
			continue
		}
		inner, err := c.reach(path.Join(to, name))
		if err != nil {
			return err
		}
		if err := c.directory(file, inner); err != nil {
			return err
		}
		if err := c.contents(taken{name: here, file: file}, root, inner); err != nil {
			return err
		}
	}
	return nil
}

// put copies one file under a name of the image.
func (c *copying) put(file layer.File, name string) error {
	canonical, there, err := layer.ResolveParent(c.draft, name)
	if err != nil {
		return err
	}
	if there != nil && there.IsDir() && !file.IsDir() {
		return fmt.Errorf("/%s is there and is a directory", canonical)
	}
	if err := layer.Reserved(canonical); err != nil {
		return err
	}
	if err := c.parents(canonical); err != nil {
		return err
	}
	entry, err := layer.EntryOf(file, canonical)
	if err != nil || entry.Header == nil {
		return err
	}
	if identity, several := layer.IdentityOf(file); several {
		if first, known := c.linked[identity]; known {
			return c.draft.Put(layer.Entry{Header: &tar.Header{Typeflag: tar.TypeLink, Name: canonical, Linkname: first}})
		}
		c.linked[identity] = canonical
	}
	if !c.keepOwner {
		c.own(entry.Header)
	}
	c.chmod(entry.Header)
	return c.draft.Put(entry)
}

// archive extracts a file that is an archive, as ADD does; done is false where it is none.
func (c *copying) archive(source taken) (done bool, err error) {
	content, err := source.file.Open()
	if err != nil {
		return false, err
	}
	defer content.Close()
	plain, is, err := asTar(content)
	if err != nil || !is {
		return false, err
	}
	defer plain.Close()
	to, err := c.reach(c.to)
	if err != nil {
		return false, err
	}
	if err := c.parents(path.Join(to, "x")); err != nil {
		return false, err
	}
	return true, errors.Join(c.making.unpack(c.draft, plain, to, func(header *tar.Header) error {
		if c.owned {
			c.own(header)
		}
		return nil
	}))
}
