package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"slipway.dev/engine/internal/host"
)

// scratchDirectory lies in the store, so that what is prepared there can be moved to its place.
const scratchDirectory = "slipway-scratch"

// Scratch is a directory of this process alone; what is left in it goes when the store is closed, or with the next start
// after this process was killed.
func (s *Store) Scratch() string { return filepath.Join(s.GraphRoot(), scratchDirectory, s.owner.name) }

// Owner is the name of this process in the store.
func (s *Store) Owner() string { return s.owner.name }

func (s *Store) makeScratch() error {
	if err := os.MkdirAll(s.Scratch(), 0o700); err != nil {
		return fmt.Errorf("making a directory in the store: %w", err)
	}
	return nil
}

// Alive says whether the process that signed in under a name still runs.
func (s *Store) Alive(owner string) bool { return owner == s.owner.name || alive(s.GraphRoot(), owner) }

// sweepScratch removes directories of processes that are gone.
func (s *Store) sweepScratch() {
	directory := filepath.Join(s.GraphRoot(), scratchDirectory)
	entries, err := os.ReadDir(directory)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !s.Alive(entry.Name()) {
			_ = os.RemoveAll(filepath.Join(directory, entry.Name()))
		}
	}
}

// sweepLayers removes places in which processes that are gone ran commands.
func (s *Store) sweepLayers() {
	layers, err := s.Layers()
	if err != nil {
		return
	}
	for _, layer := range layers {
		for _, name := range layer.Names {
			if owner := ownerOf(name); owner != "" && strings.HasPrefix(name, containerPrefix) && !s.Alive(owner) {
				_, _ = s.Unmount(layer.ID, true)
				_ = s.DeleteLayer(layer.ID)
			}
		}
	}
}

// removeLayers deletes the layers whose names begin so.
func (s *Store) removeLayers(prefix string) {
	layers, err := s.Layers()
	if err != nil {
		return
	}
	for _, layer := range layers {
		if slices.ContainsFunc(layer.Names, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
			_, _ = s.Unmount(layer.ID, true)
			_ = s.DeleteLayer(layer.ID)
		}
	}
}

// LayerName begins the name of a layer that commands of this process write to.
func (s *Store) LayerName(unique string) string { return containerPrefix + s.owner.name + "." + unique }

// reserveFree is how much of the disk is left alone.
const reserveFree = 16 << 20

// largeFile is from where on it is worth to look whether there is room.
const largeFile = 32 << 20

// NoRoom says that something is larger than what is free.
type NoRoom struct {
	GraphRoot    string
	Wanted, Free int64
}

// Error names the place and both sizes.
func (n *NoRoom) Error() string {
	return fmt.Sprintf("%d MB are wanted in the store %s, and %d MB are free there: free some space, or put the store elsewhere (graphroot in storage.conf)",
		n.Wanted>>20, n.GraphRoot, n.Free>>20)
}

// Room refuses what cannot fit, before any of it is written.
func (s *Store) Room(size int64) error {
	if size < largeFile {
		return nil
	}
	free, _, err := host.FreeSpace(s.GraphRoot())
	if err != nil || int64(free)-reserveFree >= size {
		return nil
	}
	return &NoRoom{GraphRoot: s.GraphRoot(), Wanted: size, Free: int64(free)}
}
