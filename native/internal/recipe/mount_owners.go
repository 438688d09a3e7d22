package recipe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/ledger"
)

// Where owners cannot be real, those of what is mounted stand in the ledger of the tree while a command runs: so it sees
// them. Those of a cache are kept beside it until the next.

// changeOwners changes that ledger; where owners are real there is none, and nothing is done.
func (s *stage) changeOwners(change func(owners ledger.Ledger) error) error {
	if s.room.Ledger == "" {
		return nil
	}
	if err := s.room.Tell(); err != nil {
		return err
	}
	owners, err := ledger.Load(s.room.Ledger)
	if err != nil {
		return err
	}
	if err := change(owners); err != nil {
		return err
	}
	return errors.Join(owners.Save(s.room.Ledger), s.room.Learn())
}

// give makes a file or directory belong to whom it should.
func (s *stage) give(path string, access Access) error {
	if s.room.Ledger == "" {
		if err := os.Lchown(path, access.UID, access.GID); err != nil {
			if errors.Is(err, unix.EINVAL) {
				return fmt.Errorf("the owner %d:%d is not among the ids of this user namespace: %w", access.UID, access.GID, err)
			}
			return fmt.Errorf("giving what is mounted to %d:%d: %w", access.UID, access.GID, err)
		}
	}
	// Not os.Chmod: it takes the higher bits for something else.
	if err := unix.Chmod(path, uint32(access.Mode)); err != nil {
		return fmt.Errorf("setting the mode of what is mounted: %w", err)
	}
	return s.changeOwners(func(owners ledger.Ledger) error {
		key, err := ledger.KeyOf(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
		if err == nil {
			owners.Set(key, ledger.Owner{UID: uint32(access.UID), GID: uint32(access.GID)})
		}
		return err
	})
}

// forgetting takes the owner of what was made for a mount out of the ledger, and then releases it.
func (s *stage) forgetting(path string, release func() error) func() error {
	return func() error {
		forgotten := s.changeOwners(func(owners ledger.Ledger) error {
			key, err := ledger.KeyOf(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
			delete(owners, key)
			return err
		})
		return errors.Join(forgotten, release())
	}
}

// cacheOwners is the file beside a cache that keeps the owners of its files.
func cacheOwners(directory string) string { return directory + ".owners" }

// showOwners tells the ledger whose the files of a cache are.
func (s *stage) showOwners(directory string) (shown ledger.Ledger, err error) {
	err = s.changeOwners(func(owners ledger.Ledger) error {
		shown, err = ledger.Load(cacheOwners(directory))
		maps.Copy(owners, shown)
		return err
	})
	return shown, err
}

// keepOwners takes those of a cache out of the ledger, for the next command. shown are those that it had before.
func (s *stage) keepOwners(ctx context.Context, directory string, shown ledger.Ledger) error {
	if s.room.Ledger == "" {
		return nil
	}
	making, err := s.lockMaking(ctx, directory)
	if err != nil {
		return err
	}
	defer making.Close()
	return s.changeOwners(func(owners ledger.Ledger) error {
		before, err := ledger.Load(cacheOwners(directory))
		if err != nil {
			return err
		}
		kept := ledger.Ledger{}
		err = filepath.WalkDir(directory, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return unlessGone(err)
			}
			key, err := ledger.KeyOf(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
			if err != nil {
				return unlessGone(err)
			}
			owner, known := owners[key]
			if _, had := shown[key]; !known && !had {
				// Another command that shares the cache may have noted it meanwhile.
				owner = before[key]
			}
			kept.Set(key, owner)
			delete(owners, key)
			return nil
		})
		return errors.Join(err, kept.Save(cacheOwners(directory)))
	})
}

// unlessGone is nil where another command that shares a cache has removed a file.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeFirst writes the first content of a cache into a directory.
func (s *stage) writeFirst(ctx context.Context, plan func(draft *layer.Draft, to string) error, fresh string) error {
	room, to := &layer.Room{Root: fresh}, "/"
	if s.room.Ledger != "" {
		// Only files of the tree can have owners that are not real. Moved away, they keep them.
		inside, err := os.MkdirTemp(s.room.Root, "slipway-cache-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(inside)
		room, to = s.room, "/"+filepath.Base(inside)
	}
	below, err := room.Tree()
	if err != nil {
		return err
	}
	draft := layer.NewDraft(below, s.Epoch)
	if err := plan(draft, to); err != nil {
		return err
	}
	if err := draft.WriteTo(ctx, room); err != nil || to == "/" {
		return err
	}
	if err := os.Remove(fresh); err != nil {
		return err
	}
	return os.Rename(filepath.Join(s.room.Root, to), fresh)
}
