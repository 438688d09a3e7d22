package recipe

import (
	"errors"
	"path"
	"slices"
	"time"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/match"
)

// systemDirectories lie at the top of an image and hold what belongs to the machine that runs it.
var systemDirectories = []string{".werf", "dev", "proc", "run", "sys"}

// selected is a file of an image that an import takes.
type selected struct {
	// path is relative to what the import names; `.` is that itself.
	path string
	file layer.File
	// isRoot says that it is the root of the image, of which drivers say different things.
	isRoot bool
}

// entry describes it under a name; its header is nil for what no image can hold. now is the time of a root.
func (s selected) entry(name string, now time.Time) (layer.Entry, error) {
	if s.isRoot {
		return layer.Directory(name, now), nil
	}
	return layer.EntryOf(s.file, name)
}

// selecting finds what an import takes.
type selecting struct {
	files layer.Files
	masks *match.Masks
	each  func(selected) error
	// way are directories on the way that are taken only with something in them, outermost first.
	way []selected
}

// selectFiles gives all files that an import of a path takes, directories before what they hold. Masks say nothing of a path
// that is no directory. found is false where nothing is there.
func selectFiles(files layer.Files, add string, masks *match.Masks, each func(selected) error) (found bool, err error) {
	canonical, file, err := layer.ResolveParent(files, add)
	if errors.Is(err, layer.ErrNotDirectory) || (err == nil && file == nil) {
		return false, nil
	}
	if err != nil || slices.Contains(systemDirectories, canonical) {
		return true, err
	}
	it := &selecting{files: files, masks: masks, each: each}
	if !file.IsDir() {
		return true, each(selected{path: ".", file: file})
	}
	return true, it.directory(selected{".", file, canonical == "."})
}

// directory takes what a directory holds, and the directory itself where something in it is taken or all is.
func (s *selecting) directory(here selected) error {
	depth := len(s.way)
	s.way = append(s.way, here)
	if s.masks.All() {
		if err := s.arrive(); err != nil {
			return err
		}
	}
	names, err := s.files.Names(here.file)
	if err != nil {
		return err
	}
	for _, name := range names {
		if here.isRoot && slices.Contains(systemDirectories, name) {
			continue
		}
		file, err := s.files.Child(here.file, name)
		if err != nil {
			return err
		}
		if err := s.one(selected{path: path.Join(here.path, name), file: file}); err != nil {
			return err
		}
	}
	s.way = s.way[:min(depth, len(s.way))]
	return nil
}

func (s *selecting) one(here selected) error {
	if here.file.IsDir() {
		if !s.masks.Enters(here.path) {
			return nil
		}
		return s.directory(here)
	}
	if !s.masks.Takes(here.path) {
		return nil
	}
	if err := s.arrive(); err != nil {
		return err
	}
	return s.each(here)
}

// arrive gives the directories on the way.
func (s *selecting) arrive() error {
	way := s.way
	s.way = s.way[len(s.way):]
	for _, directory := range way {
		if err := s.each(directory); err != nil {
			return err
		}
	}
	return nil
}
