package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"go.podman.io/storage"
	"go.podman.io/storage/types"

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

// MismatchError says that the directory holds layers of another driver than the one asked for.
type MismatchError struct {
	GraphRoot, Present, Asked string
}

// Error names both drivers.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the store %s was made with driver %s, but %s was asked for", e.GraphRoot, e.Present, e.Asked)
}

// UnknownDriverError says that the driver asked for does not exist.
type UnknownDriverError struct{ error }

// Open opens the store where Buildah and Podman of the same user have theirs, with the first driver that works there,
// and removes what engines that were killed have left.
func Open(asked string) (*Store, error) {
	options, err := types.DefaultStoreOptions()
	if err != nil {
		return nil, fmt.Errorf("reading storage.conf: %w", err)
	}
	return OpenAt(options, asked)
}

// OpenAt is Open for a store whose place is known.
func OpenAt(options types.StoreOptions, asked string) (*Store, error) {
	candidates, err := driversFor(asked)
	if err != nil {
		return nil, &UnknownDriverError{err}
	}
	if err := os.MkdirAll(options.GraphRoot, 0o700); err != nil {
		return nil, fmt.Errorf("making the store's directory: %w", err)
	}
	present := presentDriver(options.GraphRoot)
	usable := fitting(candidates, present)
	if len(usable) == 0 {
		return nil, &MismatchError{GraphRoot: options.GraphRoot, Present: present, Asked: asked}
	}
	opened, err := openFirst(options, usable)
	if err != nil {
		return nil, err
	}
	opened.Warnings = append(opened.Warnings, opened.spaceWarning()...)
	if opened.owner, err = newOwner(opened.GraphRoot()); err != nil {
		return nil, err
	}
	if err := opened.makeScratch(); err != nil {
		return nil, err
	}
	opened.sweep()
	return opened, nil
}

// openFirst opens the store with the first driver that works in its own directory.
func openFirst(options types.StoreOptions, candidates []Driver) (*Store, error) {
	var problems []error
	for _, driver := range candidates {
		opened, err := openWith(options, driver)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", driver, err))
			continue
		}
		return &Store{Store: opened, Driver: driver, Why: whyDriver(driver, problems), Warnings: slow(driver)}, nil
	}
	return nil, fmt.Errorf("no storage driver works in %s: %w", options.GraphRoot, errors.Join(problems...))
}

func openWith(options types.StoreOptions, driver Driver) (storage.Store, error) {
	driverOptions, err := driver.options(options.GraphDriverOptions)
	if err != nil {
		return nil, err
	}
	options.GraphDriverName = driver.library()
	options.GraphDriverPriority = nil
	options.GraphDriverOptions = driverOptions
	return storage.GetStore(options)
}

func whyDriver(driver Driver, problems []error) string {
	if len(problems) == 0 {
		return fmt.Sprintf("driver %s works here", driver)
	}
	return fmt.Sprintf("driver %s, as others failed: %s", driver,
		strings.ReplaceAll(errors.Join(problems...).Error(), "\n", "; "))
}

func slow(driver Driver) []string {
	if driver != VFS {
		return nil
	}
	return []string{"storage driver vfs copies every layer in full: builds are slow and need much space; " +
		"kernel 5.13, or the package fuse-overlayfs and /dev/fuse, make overlay possible"}
}

func (s *Store) spaceWarning() []string {
	free, total, err := host.FreeSpace(s.GraphRoot())
	if err != nil || free*20 >= total {
		return nil
	}
	return []string{fmt.Sprintf("%s is almost full: %d MB of %d MB are free", s.GraphRoot(), free>>20, total>>20)}
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
