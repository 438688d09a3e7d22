package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// locksDirectory lies in the store, since what is locked is work on the store.
const locksDirectory = "slipway-locks"

// lockPoll is how often a lock that another has is asked for again.
const lockPoll = 50 * time.Millisecond

// Lock waits until no other call and no other process on this store holds the name. It saves double work, nothing depends
// on it for correctness. The lock goes with the process.
func (s *Store) Lock(ctx context.Context, name string) (unlock func(), err error) {
	directory := filepath.Join(s.GraphRoot(), locksDirectory)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("locking %s: %w", name, err)
	}
	path := filepath.Join(directory, fmt.Sprintf("%x", sha256.Sum256([]byte(name))))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", name, err)
	}
	for unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(lockPoll):
		}
	}
	return func() { file.Close() }, nil
}
