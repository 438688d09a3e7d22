package recipe

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"path"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/match"
)

// importing puts files of another image into a draft.
type importing struct {
	Import
	draft *layer.Draft
	owner owner
	// above makes directories that are missing above what is imported.
	above *placing
	// at tells where directories of the source are in the image.
	at map[string]string
	// linked tells where a file that has several names was put first.
	linked map[layer.Identity]string
	count  int
}

func (m *making) importFiles(ctx context.Context, draft *layer.Draft, step Import) error {
	source, err := m.Tree(step.From)
	if err != nil {
		return err
	}
	masks, err := match.NewMasks(step.Include, step.Exclude)
	if err != nil {
		return err
	}
	owner, err := ownerOf(draft, step.Owner, step.Group)
	if err != nil {
		return fmt.Errorf("importing %s of %s: %w", step.Add, step.Name, err)
	}
	i := &importing{Import: step, draft: draft, owner: owner, at: map[string]string{}, linked: map[layer.Identity]string{},
		above: &placing{making: m, draft: draft, mode: 0o755}}
	found, err := selectFiles(source, step.Add, masks, func(one selected) error {
		if err := errors.Join(ctx.Err(), i.take(one)); err != nil {
			return fmt.Errorf("importing %s of %s: %w", path.Join(step.Add, one.path), step.Name, err)
		}
		return nil
	})
	if err == nil && !found {
		err = fmt.Errorf("importing %s of %s: there is no such path: correct `add` of the import", step.Add, step.Name)
	}
	if err == nil && i.count == 0 {
		m.progress.Log(fmt.Sprintf("slipway: warning: nothing is imported: no file of %s at %s matches", step.Name, step.Add))
	}
	return err
}

// take plans one file of the source. Directories come before what they hold.
func (i *importing) take(one selected) error {
	i.count++
	name, err := i.nameOf(one)
	if err != nil {
		return err
	}
	if one.file.IsDir() {
		i.at[one.path], err = i.directory(one, name)
		return err
	}
	return i.put(one, name)
}

// nameOf is the name that a file gets in the image, its directory canonical and there.
func (i *importing) nameOf(one selected) (string, error) {
	if one.path != "." {
		return path.Join(i.at[path.Dir(one.path)], path.Base(one.path)), nil
	}
	if i.To == "/" && one.file.IsDir() {
		return ".", nil
	}
	canonical, found, err := layer.Resolve(i.draft, i.To)
	if err == nil && found != nil && found.IsDir() && !one.file.IsDir() {
		return path.Join(canonical, path.Base(i.Add)), nil
	}
	directory, err := i.above.reach(path.Dir(i.To))
	return path.Join(directory, path.Base(i.To)), err
}

// directory joins the directory that is there or behind a link, or plans a new one.
func (i *importing) directory(one selected, name string) (string, error) {
	canonical, found, err := layer.Resolve(i.draft, name)
	if err == nil && found != nil && found.IsDir() {
		return canonical, nil
	}
	if err == nil && found != nil {
		canonical, _, err = layer.ResolveParent(i.draft, name)
	}
	if err != nil {
		return "", err
	}
	if err := layer.Reserved(canonical); err != nil {
		return "", err
	}
	// Where a link leads, something above may be missing.
	if _, err := i.above.reach(path.Dir("/" + canonical)); err != nil {
		return "", err
	}
	entry, err := one.entry(canonical, i.above.Epoch)
	if err != nil {
		return "", err
	}
	i.owner.give(entry.Header)
	return canonical, i.draft.Put(entry)
}

func (i *importing) put(one selected, name string) error {
	canonical, there, err := layer.ResolveParent(i.draft, name)
	if err != nil {
		return err
	}
	if there != nil && there.IsDir() {
		held, err := i.draft.Names(there)
		if err != nil {
			return err
		}
		if len(held) > 0 {
			return fmt.Errorf("/%s is a directory with files there, and would become one file: leave it out by `excludePaths`, or import it to another place", canonical)
		}
	}
	if err := layer.Reserved(canonical); err != nil {
		return err
	}
	entry, err := one.entry(canonical, i.above.Epoch)
	if err != nil || entry.Header == nil {
		return err
	}
	if identity, several := layer.IdentityOf(one.file); several {
		if first, known := i.linked[identity]; known {
			return i.draft.Put(layer.Entry{Header: &tar.Header{Typeflag: tar.TypeLink, Name: canonical, Linkname: first}})
		}
		i.linked[identity] = canonical
	}
	i.owner.give(entry.Header)
	return i.draft.Put(entry)
}
