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
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) &&
		!strings.Contains(err.Error(), "no space left on device") {
		return "", false
	}
	free, _, statErr := host.FreeSpace(s.GraphRoot())
	if statErr != nil {
		return fmt.Sprintf("the disk of the store %s is full", s.GraphRoot()), true
	}
	return fmt.Sprintf("the disk of the store %s is full: %d MB free", s.GraphRoot(), free>>20), true
}

// NearlyFull says whether almost nothing is free where the store is.
func (s *Store) NearlyFull() bool {
	free, total, err := host.FreeSpace(s.GraphRoot())
	return err == nil && free < max(total/100, 1<<20)
}
