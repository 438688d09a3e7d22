package store

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// containerPrefix begins our part of a build container's name: `<image>-werf.build.<owner>.<berth>.[-<number>]`.
const containerPrefix = "werf.build."

// sweep removes the build containers of engines that are gone.
func (s *Store) sweep() {
	containers, err := s.Containers()
	if err != nil {
		return
	}
	dead := map[string]bool{}
	for _, container := range containers {
		for _, name := range container.Names {
			owner := ownerOf(name)
			if owner == "" {
				continue
			}
			if _, asked := dead[owner]; !asked {
				dead[owner] = !alive(s.GraphRoot(), owner)
			}
			if dead[owner] {
				// Another engine may be sweeping too: whoever comes second finds nothing.
				_ = s.DeleteContainer(container.ID)
			}
		}
	}
	s.sweepLayers()
	s.sweepScratch()
	s.sweepStaging()
	s.signOutDead()
}

// signOutDead removes the files of engines that died without a container.
func (s *Store) signOutDead() {
	entries, err := os.ReadDir(filepath.Join(s.GraphRoot(), ownersDirectory))
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.Name() != s.owner.name && !strings.HasSuffix(entry.Name(), arriving) {
			alive(s.GraphRoot(), entry.Name())
		}
	}
}

// removeContainers deletes the containers whose names hold the mark.
func (s *Store) removeContainers(mark string) {
	containers, err := s.Containers()
	if err != nil {
		return
	}
	for _, container := range containers {
		if slices.ContainsFunc(container.Names, func(name string) bool { return strings.Contains(name, mark) }) {
			_ = s.DeleteContainer(container.ID)
		}
	}
}

// ownerOf takes the owner out of a container's name; empty: not one of ours.
func ownerOf(container string) string {
	_, rest, found := strings.Cut(container, containerPrefix)
	if !found {
		return ""
	}
	if end := strings.IndexAny(rest, ".-"); end >= 0 {
		return rest[:end]
	}
	return rest
}
