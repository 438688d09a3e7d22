package layer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"go.podman.io/storage"
	drivers "go.podman.io/storage/drivers"

	"slipway.dev/engine/internal/store"
)

// Open reads the file system of a layer of the store, all below it included, where it lies. An empty id is an empty tree.
func Open(s *store.Store, id string) (*Tree, error) {
	if id == "" {
		return NewTree()
	}
	driver, err := s.GraphDriver()
	if err != nil {
		return nil, fmt.Errorf("reading layer %s: %w", id, err)
	}
	if s.Driver == store.VFS {
		directory, err := driver.Get(id, drivers.MountOpts{})
		if err != nil {
			return nil, fmt.Errorf("reading layer %s: %w", id, err)
		}
		return PlainTree(directory)
	}
	places, err := driver.Metadata(id)
	if errors.Is(err, fs.ErrNotExist) {
		err = storage.ErrLayerUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("reading layer %s: %w", id, err)
	}
	directories := []string{places["UpperDir"]}
	if lower := places["LowerDir"]; lower != "" {
		directories = append(directories, strings.Split(lower, ":")...)
	}
	if s.Driver != store.Plain {
		return NewTree(directories...)
	}
	parts := make([]part, 0, len(directories))
	for _, directory := range directories {
		kept, err := sidecarOf(directory)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{directory, kept})
	}
	return newTree(parts)
}

// Gone says whether something failed because a layer is no longer in the store: another process may remove what no image
// holds.
func Gone(err error) bool {
	return errors.Is(err, storage.ErrLayerUnknown) || errors.Is(err, storage.ErrParentUnknown) || errors.Is(err, drivers.ErrLayerUnknown)
}

// directoryOf is where the driver keeps what a layer holds itself.
func directoryOf(s *store.Store, id string) (string, error) {
	tree, err := Open(s, id)
	if err != nil {
		return "", err
	}
	return tree.root.path, nil
}
