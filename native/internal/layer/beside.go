package layer

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// Where a process may not give files away, or not make devices, what a file is in its image is kept beside it: for layers
// by name, for working trees, whose files commands rename, by identity. There a file that nothing is said of belongs
// to 0:0.

// stance is what a file is where the disk says something else.
type stance struct {
	UID, GID uint32
	// Mode is the whole st_mode; 0: as on the disk.
	Mode uint32
	Rdev uint64
	// Attributes could not be set.
	Attributes map[string]string
}

func (s stance) isPlain() bool {
	return s.UID == 0 && s.GID == 0 && s.Mode == 0 && len(s.Attributes) == 0
}

// beside says what files are where the disk does not.
type beside interface {
	// correct makes a status that of the file in its image, and gives attributes that the disk has not.
	correct(at string, status *unix.Stat_t) map[string]string
	// note keeps what a file is; at is where it lies, inode what the disk calls it.
	note(at string, inode uint64, what stance) error
	// link says that two names are one file.
	link(first, second string)
}

// correctBy is correct, also where owners are real.
func correctBy(b beside, at string, status *unix.Stat_t) map[string]string {
	if b == nil {
		return nil
	}
	return b.correct(at, status)
}

// sidecarName lies beside the directory of a layer.
const sidecarName = "stances"

// sidecar is what is kept beside a layer.
type sidecar struct {
	root  string
	files map[string]stance
}

func newSidecar(root string) *sidecar { return &sidecar{root: root, files: map[string]stance{}} }

func sidecarPath(root string) string { return filepath.Join(filepath.Dir(root), sidecarName) }

func (s *sidecar) name(at string) string {
	return strings.TrimPrefix(strings.TrimPrefix(at, s.root), "/")
}

func (s *sidecar) correct(at string, status *unix.Stat_t) map[string]string {
	status.Uid, status.Gid = 0, 0
	what, found := s.files[s.name(at)]
	if !found {
		return nil
	}
	status.Uid, status.Gid = what.UID, what.GID
	if what.Mode != 0 {
		status.Mode, status.Rdev = what.Mode, what.Rdev
	}
	return what.Attributes
}

func (s *sidecar) note(at string, _ uint64, what stance) error {
	if what.isPlain() {
		delete(s.files, s.name(at))
	} else {
		s.files[s.name(at)] = what
	}
	return nil
}

func (s *sidecar) link(first, second string) {
	if what, found := s.files[s.name(first)]; found {
		s.files[s.name(second)] = what
	}
}

// save writes it beside the layer, also when nothing is in it: that it is there says that owners are not real.
func (s *sidecar) save() error {
	file, err := os.OpenFile(sidecarPath(s.root), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keeping the owners of a layer: %w", err)
	}
	if err := errors.Join(gob.NewEncoder(file).Encode(s.files), file.Close()); err != nil {
		return fmt.Errorf("keeping the owners of a layer: %w", err)
	}
	return nil
}

// sidecars are those that were read: a layer never changes.
var sidecars sync.Map

// sidecarOf reads what is kept beside a layer; nil: its owners are real.
func sidecarOf(root string) (beside, error) {
	path := sidecarPath(root)
	status, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the owners of a layer: %w", err)
	}
	type identity struct {
		path string
		time int64
	}
	key := identity{path, status.ModTime().UnixNano()}
	if known, found := sidecars.Load(key); found {
		return known.(*sidecar), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the owners of a layer: %w", err)
	}
	defer file.Close()
	made := newSidecar(root)
	if err := gob.NewDecoder(file).Decode(&made.files); err != nil {
		return nil, fmt.Errorf("reading the owners of a layer in %s: %w", path, err)
	}
	sidecars.Store(key, made)
	return made, nil
}

// owned is what is kept beside a working tree.
type owned struct {
	ledger ledger.Ledger
	// inodes are those in the ledger: most files are not, and need not be asked when they were born.
	inodes map[uint64]bool
}

func newOwned(from ledger.Ledger) *owned {
	made := &owned{ledger: from, inodes: make(map[uint64]bool, len(from))}
	for key := range from {
		made.inodes[key.Inode] = true
	}
	return made
}

func (o *owned) correct(at string, status *unix.Stat_t) map[string]string {
	status.Uid, status.Gid = 0, 0
	if !o.inodes[status.Ino] {
		return nil
	}
	key, err := ledger.KeyOf(unix.AT_FDCWD, at, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return nil
	}
	if owner, found := o.ledger[key]; found {
		status.Uid, status.Gid = owner.UID, owner.GID
		if owner.Mode != 0 {
			status.Mode, status.Rdev = owner.Mode, owner.Rdev
		}
	}
	return nil
}

func (o *owned) note(at string, inode uint64, what stance) error {
	if what.isPlain() && !o.inodes[inode] {
		return nil
	}
	key, err := ledger.KeyOf(unix.AT_FDCWD, at, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return fmt.Errorf("keeping the owner of %s: %w", at, err)
	}
	o.ledger.Set(key, ledger.Owner{UID: what.UID, GID: what.GID, Mode: what.Mode, Rdev: what.Rdev})
	o.inodes[inode] = true
	return nil
}

// link has nothing to keep: both names have one identity.
func (*owned) link(string, string) {}

// keepsOwners says whether files in a directory can be given to others, by giving one away.
func keepsOwners(directory string) (bool, error) {
	file, err := os.CreateTemp(directory, "owner-*")
	if err != nil {
		return false, fmt.Errorf("trying to give a file away: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	return unix.Fchown(int(file.Fd()), 1, 1) == nil, nil
}
