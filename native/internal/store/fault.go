package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"slipway.dev/engine/internal/host"
)

// Full says whether the error means that the store's disk is full; the sentence names the place and what is free.
func (s *Store) Full(err error) (sentence string, full bool) {
	if !isFull(err) {
		return "", false
	}
	return s.FullSentence(), true
}

// FullSentence tells where the store is and what is free there.
func (s *Store) FullSentence() string {
	free, _, err := host.FreeSpace(s.GraphRoot())
	if err != nil {
		return fmt.Sprintf("the disk of the store %s is full", s.GraphRoot())
	}
	return fmt.Sprintf("the disk of the store %s is full: %d MB are free now", s.GraphRoot(), free>>20)
}

// isFull looks through the causes too: what unpacks layers is another process, which only tells in words.
func isFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(strings.ToLower(err.Error()), NoSpace) {
			return true
		}
	}
	return false
}

// NoSpace is how programs say that a disk is full, in lower case.
const NoSpace = "no space left on device"

// NearlyFull says whether almost nothing is free where the store is.
func (s *Store) NearlyFull() bool {
	free, total, err := host.FreeSpace(s.GraphRoot())
	return err == nil && free < max(total/100, 1<<20)
}
