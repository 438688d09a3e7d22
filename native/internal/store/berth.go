package store

import (
	"crypto/rand"
	"errors"
	"syscall"
)

// Berth is the place of one build in the store: whatever containers it makes are removed with it.
type Berth struct {
	store  *Store
	suffix string
}

// NewBerth makes a place for one build. Leave it when the build has ended.
func (s *Store) NewBerth() *Berth {
	return &Berth{store: s, suffix: containerPrefix + s.owner.name + "." + rand.Text()[:8] + "."}
}

// ContainerSuffix ends the names of the build's containers.
func (b *Berth) ContainerSuffix() string { return b.suffix }

// Leave removes what the build has left. Where it filled the disk, even deleting needs some space: the reserve is
// given up for that.
func (b *Berth) Leave(cause error) {
	if cause != nil {
		if _, full := b.store.Full(cause); full || b.store.NearlyFull() || errors.Is(cause, syscall.ENOSPC) {
			b.store.owner.release()
		}
	}
	b.store.removeContainers(b.suffix)
}

// Release gives up the space that is held back for deleting when the disk is full.
func (s *Store) Release() { s.owner.release() }
