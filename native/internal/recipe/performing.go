package recipe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"slipway.dev/engine/internal/layer"
)

// perform makes the layer of a recipe whose commands run in the image's own file system.
func (m *making) perform(ctx context.Context) (made layer.Made, changed bool, err error) {
	work, err := m.Layers.Begin(ctx, m.Base.Layer, m.Store.LayerName(rand.Text()[:8]), m.Epoch)
	if err != nil {
		return layer.Made{}, false, err
	}
	defer func() { err = errors.Join(err, m.discard(work, err)) }()
	if err := m.fill(ctx, work); err != nil {
		return layer.Made{}, false, err
	}
	return m.Layers.Finish(ctx, work)
}

// discard gives the place up. Where the disk is full, even that needs some space.
func (m *making) discard(work *layer.Work, cause error) error {
	if cause != nil && m.Store.NearlyFull() {
		m.Store.Release()
	}
	return m.Layers.Discard(work)
}

// fill does the steps in the image's files.
func (m *making) fill(ctx context.Context, work *layer.Work) error {
	return m.within(work, func(stage *stage) error {
		for i, step := range m.Steps {
			err := ctx.Err()
			if err != nil {
				return err
			}
			if run, is := step.(Run); is {
				err = stage.runOrShell(ctx, i, run)
			} else {
				err = stage.apply(ctx, step)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// within makes the files of a work ready for commands while they are used.
func (m *making) within(work *layer.Work, use func(*stage) error) (err error) {
	room, err := m.Layers.Enter(work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Layers.Leave(work, room)) }()
	stage := &stage{making: m, room: room}
	defer func() { err = errors.Join(err, stage.leave()) }()
	return use(stage)
}

// stage is the file system that commands run in.
type stage struct {
	*making
	room *layer.Room
	// placed are what was made for mounts, canonical names, those on the way first.
	placed []string
	// files are made once for all commands: hosts and resolv.conf.
	hosts, resolv string
}

// now reads the file system as it is at this moment.
func (s *stage) now() (*layer.Tree, error) { return s.room.Tree() }

// apply does a step that runs nothing.
func (s *stage) apply(ctx context.Context, step Step) error {
	tree, err := s.now()
	if err != nil {
		return err
	}
	draft := layer.NewDraft(tree, s.Epoch)
	if err := s.plan(ctx, draft, step); err != nil {
		return err
	}
	return draft.WriteTo(ctx, s.room)
}

// place makes the target of a mount where it is missing, and gives its canonical name.
func (s *stage) place(target string, isDirectory bool) (string, error) {
	tree, err := s.now()
	if err != nil {
		return "", err
	}
	canonical, found, err := layer.Resolve(tree, target)
	if err != nil {
		return "", fmt.Errorf("mounting at %s: %w", target, err)
	}
	if found != nil {
		if found.IsDir() != isDirectory {
			return "", fmt.Errorf("mounting at %s: one is a directory, the other is not", target)
		}
		return canonical, nil
	}
	parts := strings.Split(canonical, "/")
	for i := range parts {
		name := strings.Join(parts[:i+1], "/")
		at := filepath.Join(s.room.Root, name)
		if i == len(parts)-1 && !isDirectory {
			err = os.WriteFile(at, nil, 0o644)
		} else if err = os.Mkdir(at, 0o755); errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("mounting at %s: %w", target, err)
		}
		s.placed = append(s.placed, name)
	}
	return canonical, nil
}

// leave takes away what was made for mounts, as far as nothing else is in it now.
func (s *stage) leave() error {
	for i := len(s.placed) - 1; i >= 0; i-- {
		at := filepath.Join(s.room.Root, s.placed[i])
		status, err := os.Lstat(at)
		if err != nil || (!status.IsDir() && status.Size() > 0) {
			continue
		}
		if err := os.Remove(at); err != nil && !status.IsDir() {
			return fmt.Errorf("removing the place of a mount: %w", err)
		}
	}
	return nil
}

// directory makes the working directory of a command.
func (s *stage) directory(name string) (string, error) {
	tree, err := s.now()
	if err != nil {
		return "", err
	}
	canonical, found, err := layer.Resolve(tree, name)
	if err != nil {
		return "", fmt.Errorf("the working directory %s: %w", name, err)
	}
	if found != nil {
		if !found.IsDir() {
			return "", fmt.Errorf("the working directory %s is not a directory", name)
		}
		return "/" + strings.TrimPrefix(canonical, "."), nil
	}
	if err := os.MkdirAll(filepath.Join(s.room.Root, canonical), 0o755); err != nil {
		return "", fmt.Errorf("the working directory %s: %w", name, err)
	}
	return "/" + canonical, nil
}
