package recipe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"slipway.dev/engine/internal/layer"
)

// fillCache makes the directory of a cache that is held, where it is not there yet. It appears whole or not at all.
func (s *stage) fillCache(ctx context.Context, wanted wantedCache, directory string) error {
	making, err := s.lockMaking(ctx, directory)
	if err != nil {
		return err
	}
	defer making.Close()
	if _, err := os.Stat(directory); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh, err := os.MkdirTemp(s.making.directory, "cache-")
	if err != nil {
		return err
	}
	access := Access{Mode: 0o755}
	if wanted.Tree != nil && wanted.Tree.Layer != "" {
		if access, err = s.firstContent(ctx, wanted, fresh); err != nil {
			return err
		}
	}
	if wanted.Cache.Access != nil {
		access = *wanted.Cache.Access
	}
	if err := s.give(fresh, access); err != nil {
		return err
	}
	if err := os.Rename(fresh, directory); err != nil {
		return err
	}
	// What was kept of an older one of this name means other files.
	if err := os.Remove(cacheOwners(directory)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// lockMaking waits until nobody else makes the directory: those who share a cache all find it missing.
func (s *stage) lockMaking(ctx context.Context, directory string) (*os.File, error) {
	for {
		lock, err := lockFile(directory+".making", true)
		if lock != nil || err != nil {
			return lock, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
}

// firstContent copies a directory of an image into a new cache, and tells the directory's owner and mode.
func (s *stage) firstContent(ctx context.Context, wanted wantedCache, fresh string) (Access, error) {
	tree, err := s.Tree(*wanted.Tree)
	if err != nil {
		return Access{}, err
	}
	canonical, found, err := layer.Resolve(tree, wanted.Source)
	if err != nil {
		return Access{}, err
	}
	if found == nil || !found.IsDir() {
		return Access{}, fmt.Errorf("%s is not a directory of the image it begins with", wanted.Source)
	}
	header, err := found.Describe(canonical)
	if err != nil {
		return Access{}, err
	}
	step := Copy{From: TreeSource{Image: *wanted.Tree}, Patterns: []string{filepath.Join("/", canonical)}}
	err = s.writeFirst(ctx, func(draft *layer.Draft, to string) error {
		step.To = to
		return s.plan(ctx, draft, step)
	}, fresh)
	return Access{UID: header.Uid, GID: header.Gid, Mode: fs.FileMode(header.Mode & 0o7777)}, err
}
