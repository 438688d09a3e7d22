package recipe

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"slipway.dev/engine/internal/layer"
)

// anyDepth is a part of a source that means any number of directories, none too.
const anyDepth = "**"

// below is a source of `COPY --parents`: the directories from the base down to it are kept.
type below struct {
	taken
	// base is a canonical directory: what stands before `/./` in the source, else the root.
	base string
}

// withParents finds what a source names, sorted. missing says that nothing is there of that name, which is no pattern.
func withParents(files layer.Files, source string) (found []below, missing bool, err error) {
	before, pattern, pivot := strings.Cut(source, "/./")
	if !pivot {
		before, pattern = "/", source
	}
	bases, err := lookUp(files, before)
	if err != nil {
		return nil, false, err
	}
	for _, base := range bases {
		if !base.file.IsDir() {
			continue
		}
		reached := []taken{base}
		for _, part := range strings.Split(strings.Trim(path.Clean("/"+pattern), "/"), "/") {
			if reached, err = step(files, reached, part); err != nil {
				return nil, false, err
			}
		}
		for _, one := range reached {
			found = append(found, below{one, base.name})
		}
	}
	return found, len(found) == 0 && !strings.ContainsAny(source, `*?[\`), nil
}

// step goes one part of a source further.
func step(files layer.Files, from []taken, part string) (reached []taken, err error) {
	for _, one := range from {
		more := []taken{one}
		switch part {
		case "":
		case anyDepth:
			more, err = allBelow(files, one)
		default:
			more, err = matching(files, one, part)
		}
		if err != nil {
			return nil, err
		}
		reached = append(reached, more...)
	}
	slices.SortFunc(reached, func(a, b taken) int { return cmp.Compare(a.name, b.name) })
	return slices.CompactFunc(reached, func(a, b taken) bool { return a.name == b.name }), nil
}

// allBelow lists a file and all below it.
func allBelow(files layer.Files, from taken) ([]taken, error) {
	all := []taken{from}
	if !from.file.IsDir() {
		return all, nil
	}
	names, err := files.Names(from.file)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		file, err := files.Child(from.file, name)
		if err != nil {
			return nil, err
		}
		more, err := allBelow(files, taken{name: path.Join(from.name, name), file: file})
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// withParents does what COPY --parents does.
func (c *copying) withParents(sources []string) error {
	for _, source := range sources {
		found, missing, err := withParents(c.from, source)
		if err != nil {
			return err
		}
		if missing {
			return fmt.Errorf("%s is not there to copy", source)
		}
		for _, one := range found {
			if err := c.keepingParents(one); err != nil {
				return fmt.Errorf("copying %s: %w", one.name, err)
			}
		}
	}
	return nil
}

// keepingParents copies a source with the directories above it.
func (c *copying) keepingParents(source below) error {
	to, err := c.reach(c.to)
	if err != nil {
		return err
	}
	_, file, err := layer.Resolve(c.from, source.base)
	if err != nil {
		return err
	}
	parts, at := []string{}, source.base
	if relative := strings.TrimPrefix(source.name, source.base+"/"); source.name != source.base {
		parts = strings.Split(relative, "/")
	}
	for _, part := range parts {
		at = path.Join(at, part)
		if file, err = c.from.Child(file, part); err != nil {
			return err
		}
		if !file.IsDir() {
			excluded, err := c.excludes.Excludes(at)
			if err != nil || excluded {
				return err
			}
			return c.put(file, path.Join(to, part))
		}
		if excluded, err := c.excludes.ExcludesAll(at); err != nil || excluded {
			return err
		}
		if to, err = c.reach(path.Join(to, part)); err != nil {
			return err
		}
		if err := c.directory(file, to); err != nil {
			return err
		}
	}
	return c.contents(source.taken, source.name, to)
}
