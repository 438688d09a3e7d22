package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// StagingMark begins the name of a file that says whose a staging directory of the driver is.
const StagingMark = "slipway-owner."

// MarkStaging says that a staging directory of the driver is this process's.
func (s *Store) MarkStaging(directory string) error {
	if err := os.WriteFile(filepath.Join(directory, StagingMark+s.owner.name), nil, 0o600); err != nil {
		return fmt.Errorf("marking a staging directory: %w", err)
	}
	return nil
}

// LeaveStaging removes a staging directory whose content was moved away: the library leaves it.
func (s *Store) LeaveStaging(directory string) error {
	if err := os.RemoveAll(directory); err != nil {
		return fmt.Errorf("removing a staging directory: %w", err)
	}
	return nil
}

// unmarkedAge is how old a staging directory without a mark must be to belong to nobody.
const unmarkedAge = time.Minute

// sweepStaging removes staging directories of processes that are gone.
func (s *Store) sweepStaging() {
	base := filepath.Join(s.GraphRoot(), s.Driver.library(), "staging")
	directories, err := os.ReadDir(base)
	if err != nil {
		return
	}
	for _, directory := range directories {
		at := filepath.Join(base, directory.Name())
		if s.abandoned(at) {
			_ = os.RemoveAll(at)
		}
	}
}

func (s *Store) abandoned(directory string) bool {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return false
	}
	for _, entry := range entries {
		if owner, marked := strings.CutPrefix(entry.Name(), StagingMark); marked {
			return !s.Alive(owner)
		}
	}
	status, err := os.Stat(directory)
	return err == nil && time.Since(status.ModTime()) > unmarkedAge && !locked(filepath.Join(directory, "staging.lock"))
}

// locked says whether another process holds the library's lock of a staging directory.
func locked(path string) bool {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err != nil {
		return true
	}
	defer file.Close()
	asked := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &asked); err != nil {
		return true
	}
	return asked.Type != unix.F_UNLCK
}
