package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// Codes of what makes a store unusable.
const (
	// Unusable says that no driver works in the store's directory, or there can be none.
	Unusable = "STORE_UNUSABLE"
	// NoSpaceLeft says that the disk or the quota is used up.
	NoSpaceLeft = "STORE_FULL"
)

// elsewhere is how the store gets another place.
const elsewhere = "put the store elsewhere: a storage.conf with another graphroot, named by CONTAINERS_STORAGE_CONF"

// another is the remedy that fits: a volume in a container, else another directory.
func (f filesystem) another() string {
	if f.contained() {
		return f.volume() + "; or " + elsewhere
	}
	return elsewhere
}

// volume is how the store gets another file system where slipway runs in a container.
func (f filesystem) volume() string {
	place := f.store
	if place == "" {
		place = f.path
	}
	return "mount a volume for the store: " + host.SurroundingsOutside().StoreVolume(place)
}

// fault is an error in words, and what mends it.
func (f filesystem) fault(err error) *host.Obstacle {
	message, remedy := f.explain(err)
	code := Unusable
	if isFull(err) {
		code = NoSpaceLeft
	}
	return &host.Obstacle{Code: code, Message: message, Remedy: remedy}
}

// explain tells what an error in the store's directory means there.
func (f filesystem) explain(err error) (message, remedy string) {
	err = bare(err)
	where := fmt.Sprintf("%s (%s)", f.path, f)
	switch {
	case errors.Is(err, unix.EROFS):
		return fmt.Sprintf("the store %s is read-only: %v", where, err), f.another()
	case errors.Is(err, unix.EDQUOT):
		return fmt.Sprintf("the quota of the store %s is used up: %v", where, err), "raise the quota, free some space, or " + elsewhere
	case isFull(err):
		return fmt.Sprintf("the store %s is full: %s: %v", where, f.left(), err), "free some space there, or " + elsewhere
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("the store %s refuses this user: %v%s", where, err, ownership(f.path)),
			fmt.Sprintf("`chown` it to uid %d, or %s", userID(), f.another())
	case errors.Is(err, unix.ENOTCONN), errors.Is(err, unix.ESTALE):
		return fmt.Sprintf("the file system of the store %s does not answer: %v", where, err), "mount it again, or " + elsewhere
	}
	return fmt.Sprintf("the store %s cannot be used: %v", where, err), f.another()
}

// left tells what is used up, space or the numbers of files.
func (f filesystem) left() string {
	var space unix.Statfs_t
	if unix.Statfs(f.path, &space) != nil {
		return "nothing is free"
	}
	if space.Files > 0 && space.Ffree == 0 {
		return fmt.Sprintf("no more than its %d files fit (inodes)", space.Files)
	}
	return fmt.Sprintf("%d MB of %d MB are free", space.Bavail*uint64(space.Bsize)>>20, space.Blocks*uint64(space.Bsize)>>20)
}

// ownership tells whose the directory is, where that explains a refusal.
func ownership(path string) string {
	status, err := os.Stat(path)
	if err != nil {
		return ""
	}
	system, known := status.Sys().(*syscall.Stat_t)
	if !known || int(system.Uid) == os.Geteuid() {
		return ""
	}
	return fmt.Sprintf(" (it belongs to another user, mode %04o; this is uid %d)", status.Mode().Perm(), userID())
}
