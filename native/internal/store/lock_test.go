package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.podman.io/storage"
)

// rooted is a store of which only the directory is asked for.
type rooted struct {
	storage.Store
	root string
}

func (r rooted) GraphRoot() string { return r.root }

func TestALockIsHeldByOneAtATimeAndWaitingCanBeStopped(t *testing.T) {
	s := &Store{Store: rooted{root: t.TempDir()}}
	unlock, err := s.Lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	if other, err := s.Lock(t.Context(), "other name"); err != nil {
		t.Errorf("another name: %v", err)
	} else {
		other()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	if _, err := s.Lock(ctx, "name"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second holder: %v", err)
	}
	time.AfterFunc(lockPoll, unlock)
	again, err := s.Lock(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	again()
}
