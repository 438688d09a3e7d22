package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ownersDirectory lies in the store, so that engines in different containers see each other through a shared store.
const ownersDirectory = "slipway-owners"

// arriving ends the name of a file that is not locked yet.
const arriving = ".arriving"

// owner is a process as the store knows it: a locked file. The lock goes with the process, however it ends.
type owner struct {
	name, path string
	file       *os.File
}

func newOwner(graphRoot string) (*owner, error) {
	directory := filepath.Join(graphRoot, ownersDirectory)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("signing in at the store: %w", err)
	}
	name := rand.Text()[:12]
	path := filepath.Join(directory, name)
	file, err := os.OpenFile(path+arriving, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("signing in at the store: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("signing in at the store: %w", err), file.Close())
	}
	// Only now may others see it: unlocked it would look dead.
	if err := os.Rename(path+arriving, path); err != nil {
		return nil, errors.Join(fmt.Errorf("signing in at the store: %w", err), file.Close())
	}
	made := &owner{name: name, path: path, file: file}
	made.reserve()
	return made, nil
}

// reserveSize is what the store's indexes may need to be written anew.
const reserveSize = 1 << 20

// reserve takes some space, to have it when the disk is full. Without it a full disk is cleared less well, no more.
func (o *owner) reserve() { _ = unix.Fallocate(int(o.file.Fd()), 0, 0, reserveSize) }

// release gives the space back.
func (o *owner) release() { _ = o.file.Truncate(0) }

// close signs out.
func (o *owner) close() error {
	return errors.Join(os.Remove(o.path), o.file.Close())
}

// alive says whether the process that signed in under this name still runs. It signs out the dead.
func alive(graphRoot, name string) bool {
	path := filepath.Join(graphRoot, ownersDirectory, name)
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	if unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return true
	}
	_ = os.Remove(path)
	return false
}
