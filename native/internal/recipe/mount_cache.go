package recipe

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/ledger"
)

// movable lets a runner that cannot mount move a cache into the tree and back.
const movable = isolation.Movable

// cachesDirectory lies in the store. It holds a directory for each cache, and in it, by number, a directory of files and
// the lock of those who use it; there are several numbers where a private cache was in use.
const cachesDirectory = "slipway-caches"

// lockPatience is how long it takes until a lock that is held is tried again.
const lockPatience = 50 * time.Millisecond

// Sharing says what happens when two commands want one cache at the same time.
type Sharing string

// Both use it; each has its own; the second one waits.
const (
	SharedCache  Sharing = "shared"
	PrivateCache Sharing = "private"
	LockedCache  Sharing = "locked"
)

// Cache is a directory that the store keeps for later commands.
type Cache struct {
	ID      string
	Sharing Sharing
	// Access is that of the directory when it is made; nil: as its first content has it, or root's with 0755.
	Access *Access
}

// wantedCache is a cache that a step mounts, once or several times.
type wantedCache struct {
	Mount
	name string
}

// heldCache is one that a step uses.
type heldCache struct {
	lock *os.File
	// shown are the owners of its files where they cannot be real.
	shown ledger.Ledger
}

// holdCaches takes the caches that mounts show, and gives the directory of each; empty: that mount is no cache. release is
// never nil.
func (s *stage) holdCaches(ctx context.Context, mounts []Mount) (paths []string, release func() error, err error) {
	held := map[string]heldCache{}
	release = func() error {
		var failed error
		for directory, cache := range held {
			// A build that is stopped keeps the owners all the same.
			failed = errors.Join(failed, s.keepOwners(context.WithoutCancel(ctx), directory, cache.shown), cache.lock.Close())
		}
		return failed
	}
	wanted, err := s.wantedCaches(mounts)
	if err != nil {
		return nil, release, err
	}
	directories := map[string]string{}
	// All take them in one order, so that no two wait for each other.
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		directory, lock, err := s.holdCache(ctx, wanted[name])
		if err != nil {
			return nil, release, fmt.Errorf("the cache %s: %w", wanted[name].shown(), err)
		}
		shown, err := s.showOwners(directory)
		held[directory], directories[name] = heldCache{lock, shown}, directory
		if err != nil {
			return nil, release, err
		}
	}
	paths = make([]string, len(mounts))
	for i, mount := range mounts {
		if mount.Cache != nil {
			paths[i] = directories[mount.cacheName()]
		}
	}
	return paths, release, nil
}

// wantedCaches are those that mounts show, by name. One that is shown twice is shared as the stricter of both wants it.
func (s *stage) wantedCaches(mounts []Mount) (map[string]wantedCache, error) {
	wanted := map[string]wantedCache{}
	for _, mount := range mounts {
		if mount.Cache == nil {
			continue
		}
		one := wantedCache{mount, mount.cacheName()}
		before, twice := wanted[one.name]
		if twice && s.moves() {
			return nil, fmt.Errorf("the cache %s cannot be at two places at once where nothing can be mounted", one.shown())
		}
		if !twice || strictness(before.Cache.Sharing) < strictness(one.Cache.Sharing) {
			wanted[one.name] = one
		}
	}
	return wanted, nil
}

// shown is the id as it was asked for.
func (w wantedCache) shown() string { return strings.TrimPrefix(w.Cache.ID, "/") }

// moves says that caches are moved into the tree, so that one command alone can use them.
func (s *stage) moves() bool { return s.Isolation.Mode == isolation.PlainChroot }

func strictness(sharing Sharing) int {
	return slices.Index([]Sharing{SharedCache, LockedCache, PrivateCache}, sharing)
}

// cacheName is equal for mounts that show one cache: it depends on the id, and on what the cache is when it is new.
func (m Mount) cacheName() string {
	fields := []string{m.Cache.ID, m.Source}
	if m.Cache.Access != nil {
		fields = append(fields, m.Cache.Access.String())
	}
	if m.Tree != nil {
		for _, id := range m.Tree.FirstMade() {
			fields = append(fields, id.String())
		}
	}
	sum := sha256.New()
	for _, field := range fields {
		fmt.Fprintf(sum, "%d:%s,", len(field), field)
	}
	return hex.EncodeToString(sum.Sum(nil))[:32]
}

// holdCache waits for a cache, or takes the next free one, and makes it where it is new. It is free again when the lock is
// closed, or this process is gone.
func (s *stage) holdCache(ctx context.Context, wanted wantedCache) (directory string, lock *os.File, err error) {
	place := filepath.Join(s.Store.GraphRoot(), cachesDirectory, wanted.name)
	if err := os.MkdirAll(place, 0o700); err != nil {
		return "", nil, err
	}
	alone := wanted.Cache.Sharing != SharedCache || s.moves()
	waiting := false
	for number := 0; ; {
		directory = filepath.Join(place, strconv.Itoa(number))
		lock, err := lockFile(directory+".lock", alone)
		if err != nil {
			return "", nil, err
		}
		if lock != nil {
			if err := s.fillCache(ctx, wanted, directory); err != nil {
				return "", nil, errors.Join(err, lock.Close())
			}
			return directory, lock, nil
		}
		if wanted.Cache.Sharing == PrivateCache {
			number++
			continue
		}
		if !waiting {
			s.progress.Log(fmt.Sprintf("waiting for the cache %s, which another command uses", wanted.shown()))
			waiting = true
		}
		if err := pause(ctx); err != nil {
			return "", nil, err
		}
	}
}

// lockFile takes the lock of a file, which it makes where it is missing; nil: another has it.
func lockFile(path string, alone bool) (*os.File, error) {
	how := unix.LOCK_SH
	if alone {
		how = unix.LOCK_EX
	}
	for {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB); err != nil {
			closing := file.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, closing
			}
			return nil, fmt.Errorf("locking it: %w", err)
		}
		if isStill(file, path) {
			// Whoever tidies up goes by the time of the last use.
			now := time.Now()
			_ = os.Chtimes(path, now, now)
			return file, nil
		}
		// It was removed in between, and what is locked now means nothing to others.
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
}

func isStill(file *os.File, path string) bool {
	own, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(own, there)
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(lockPatience):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
