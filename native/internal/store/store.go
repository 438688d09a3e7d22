package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.podman.io/storage"
	"go.podman.io/storage/types"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// Store is the open container storage of one user.
type Store struct {
	storage.Store
	// Driver is the one that was chosen, which the library may know by another name.
	Driver Driver
	// Why says in one sentence how the driver was chosen.
	Why string
	// Warnings are for the user.
	Warnings []string
	owner    *owner
}

// UnknownDriverError says that the driver asked for does not exist.
type UnknownDriverError struct{ error }

// Open opens the store where Buildah and Podman of the same user have theirs, with the first driver that works there,
// and removes what engines that were killed have left. What it fails on is a host.Obstacle, a MismatchError or an
// UnknownDriverError, or else comes from the storage library.
func Open(wish Wish) (*Store, error) {
	options, err := Options()
	if err != nil {
		return nil, err
	}
	return OpenAt(options, wish)
}

// OpenAt is Open for a store whose place is known.
func OpenAt(options types.StoreOptions, wish Wish) (*Store, error) {
	candidates, err := wish.drivers()
	if err != nil {
		return nil, err
	}
	seen, err := settle(options.GraphRoot)
	if err != nil {
		return nil, err
	}
	present := presentDrivers(options.GraphRoot)
	usable := wish.fitting(candidates, present)
	if len(usable) == 0 {
		return nil, &MismatchError{GraphRoot: options.GraphRoot, Present: present[0], Asked: asked(wish, candidates)}
	}
	sweepTrials(options.GraphRoot)
	signed, err := newOwner(options.GraphRoot)
	if err != nil {
		return nil, seen.fault(err)
	}
	ground := &trialGround{place: seen, options: options, wish: wish, owner: signed, present: present}
	opened, err := ground.openFirst(usable)
	if err != nil {
		return nil, errors.Join(err, signed.close())
	}
	opened.owner = signed
	opened.Warnings = append(opened.Warnings, opened.spaceWarning()...)
	if err := opened.makeScratch(); err != nil {
		return nil, errors.Join(seen.fault(err), signed.close())
	}
	opened.sweep()
	return opened, nil
}

// asked names the driver that was asked for, or those that would have done.
func asked(wish Wish, candidates []Driver) string {
	if !wish.free() {
		return wish.Asked
	}
	names := make([]string, 0, len(candidates))
	for _, driver := range candidates {
		names = append(names, string(driver))
	}
	return strings.Join(names, ", ")
}

// spaceWarning tells when less than a twentieth is free of space, or of the numbers of files.
func (s *Store) spaceWarning() []string {
	free, total, err := host.FreeSpace(s.GraphRoot())
	if err != nil {
		return nil
	}
	var warnings []string
	if free*20 < total {
		warnings = append(warnings, fmt.Sprintf("%s is almost full: %d MB of %d MB are free", s.GraphRoot(), free>>20, total>>20))
	}
	var status unix.Statfs_t
	if unix.Statfs(s.GraphRoot(), &status) == nil && status.Ffree*20 < status.Files {
		warnings = append(warnings, fmt.Sprintf("%s can hold few more files: %d of %d are free (inodes)", s.GraphRoot(), status.Ffree, status.Files))
	}
	return warnings
}

// Close removes this process's build containers and signs out. What is still mounted goes with the mount namespace;
// the library's own shutdown would object to layers that other engines have in use.
func (s *Store) Close() error {
	s.removeContainers(containerPrefix + s.owner.name)
	s.removeLayers(s.LayerName(""))
	scratch := os.RemoveAll(s.Scratch())
	s.Free()
	return errors.Join(scratch, s.owner.close())
}
