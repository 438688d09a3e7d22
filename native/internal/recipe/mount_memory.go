package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/store"
)

// memoryPrefix begins the names of private directories outside the store: `<prefix><store>-<owner>-<number>`.
const memoryPrefix = "slipway-"

// memory makes a private directory that no disk holds, where one can be had; else it lies in the store. What is mounted
// goes with this process, however it ends.
func (s *stage) memory() (directory string, release func() error, err error) {
	directory, remove, err := s.besideTree()
	if err != nil {
		return "", nil, err
	}
	if unix.Mount("slipway", directory, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0700") == nil {
		return directory, func() error {
			return errors.Join(unix.Unmount(directory, unix.MNT_DETACH), remove())
		}, nil
	}
	for _, place := range memoryPlaces() {
		if !isMemory(place) {
			continue
		}
		if other, err := os.MkdirTemp(place, memoryName(s.Store, s.Store.Owner())+"-"); err == nil {
			return other, func() error { return errors.Join(os.RemoveAll(other), remove()) }, nil
		}
	}
	return directory, remove, nil
}

// besideTree makes a private directory in the store.
func (s *stage) besideTree() (directory string, release func() error, err error) {
	directory, err = os.MkdirTemp(s.making.directory, "private-")
	if err != nil {
		return "", nil, fmt.Errorf("making a private directory: %w", err)
	}
	return directory, func() error { return os.RemoveAll(directory) }, nil
}

// memoryPlaces are directories that often lie in memory.
func memoryPlaces() []string {
	places := []string{"/dev/shm"}
	if own := os.Getenv("XDG_RUNTIME_DIR"); own != "" {
		return append([]string{own}, places...)
	}
	return places
}

func isMemory(directory string) bool {
	var about unix.Statfs_t
	return unix.Statfs(directory, &about) == nil && about.Type == unix.TMPFS_MAGIC
}

func memoryName(at *store.Store, owner string) string {
	sum := sha256.Sum256([]byte(at.GraphRoot()))
	return memoryPrefix + hex.EncodeToString(sum[:8]) + "-" + owner
}

// SweepMemory removes what processes that were killed have left in memory.
func SweepMemory(at *store.Store) {
	prefix := memoryName(at, "")
	for _, place := range memoryPlaces() {
		found, _ := filepath.Glob(filepath.Join(place, prefix+"*"))
		for _, directory := range found {
			owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(directory), prefix), "-")
			if !at.Alive(owner) {
				_ = os.RemoveAll(directory)
			}
		}
	}
}
