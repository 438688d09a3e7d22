package layer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// workingTree is the files of an image put together on the disk, for commands to run in where nothing can be mounted. One
// goes from layer to layer of an image that is being built.
type workingTree struct {
	// directory is private, and holds the others.
	directory string
	root      string
	// layer is the one whose files are here.
	layer string
	// moved says that what layer has itself was moved into the store, and must be copied back before the next command.
	moved bool
	// places are its directories with their inodes, where the last comparison has told; else nil.
	places map[string]uint64
	// owners are kept where they cannot be real; nil: they are.
	owners *owned
}

const (
	rootName   = "root"
	asideName  = "aside"
	ledgerName = "ledger"
)

func newWorkingTree(parent string) (*workingTree, error) {
	directory, err := os.MkdirTemp(parent, "tree-")
	if err != nil {
		return nil, fmt.Errorf("making a working tree: %w", err)
	}
	made := &workingTree{directory: directory, root: filepath.Join(directory, rootName)}
	err = errors.Join(os.Mkdir(made.root, 0o755), os.Chmod(made.root, 0o755))
	real, trying := keepsOwners(directory)
	if err = errors.Join(err, trying); err != nil {
		return nil, errors.Join(fmt.Errorf("making a working tree: %w", err), made.remove())
	}
	if !real {
		made.owners = newOwned(ledger.Ledger{})
	}
	return made, nil
}

func (t *workingTree) beside() beside {
	if t.owners == nil {
		return nil
	}
	return t.owners
}

func (t *workingTree) remove() error {
	if t == nil {
		return nil
	}
	if err := os.RemoveAll(t.directory); err != nil {
		return fmt.Errorf("removing a working tree: %w", err)
	}
	return nil
}

// room tells where commands can run.
func (t *workingTree) room() (*Room, error) {
	made := &Room{Root: t.root, Aside: filepath.Join(t.directory, asideName), beside: t.beside()}
	if err := os.Mkdir(made.Aside, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("preparing a working tree: %w", err)
	}
	if t.owners == nil {
		return made, nil
	}
	made.Ledger = filepath.Join(t.directory, ledgerName)
	return made, t.owners.ledger.Save(made.Ledger)
}

// Tell writes the ledger for a command that starts, Learn reads it when the command has ended.
func (r *Room) Tell() error {
	if r.Ledger == "" {
		return nil
	}
	return r.beside.(*owned).ledger.Save(r.Ledger)
}

// Learn reads what a command did to the owners of files.
func (r *Room) Learn() error {
	if r.Ledger == "" {
		return nil
	}
	known, err := ledger.Load(r.Ledger)
	if err != nil {
		return err
	}
	*r.beside.(*owned) = *newOwned(known)
	return nil
}

// learn ends the time of commands in the tree.
func (t *workingTree) learn(room *Room) error {
	if err := os.RemoveAll(room.Aside); err != nil {
		return fmt.Errorf("tidying a working tree: %w", err)
	}
	return nil
}

// fill puts what one layer has over what is there.
func (t *workingTree) fill(layer string, from part) error {
	f := &filling{tree: t, linked: map[uint64]string{}, from: from.beside}
	if err := f.directory(from.path, t.root); err != nil {
		return fmt.Errorf("putting together a working tree: %w", err)
	}
	// What was moved away comes back into directories that are all there.
	if !t.moved || t.layer != layer {
		t.places = nil
	}
	t.layer, t.moved = layer, false
	return nil
}

// filling copies one layer into a working tree.
type filling struct {
	tree *workingTree
	from beside
	// linked tells where a file that has several names was copied first.
	linked map[uint64]string
}

// directory copies what a directory of the layer holds, then what it is.
func (f *filling) directory(from, to string) error {
	names, err := readNames(from)
	if err != nil {
		return err
	}
	if isOpaque(from) {
		if err := clear(to); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := f.one(filepath.Join(from, name), filepath.Join(to, name), name); err != nil {
			return err
		}
	}
	var status unix.Stat_t
	if err := unix.Lstat(from, &status); err != nil {
		return fmt.Errorf("reading a layer: %w", err)
	}
	return f.dress(from, to, &status)
}

func clear(directory string) error {
	names, err := readNames(directory)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := os.RemoveAll(filepath.Join(directory, name)); err != nil {
			return err
		}
	}
	return nil
}

func (f *filling) one(from, to, name string) error {
	if name == opaqueMark {
		return nil
	}
	if hidden, is := removed(name); is {
		return os.RemoveAll(filepath.Join(filepath.Dir(to), hidden))
	}
	var status, there unix.Stat_t
	if err := unix.Lstat(from, &status); err != nil {
		return fmt.Errorf("reading a layer: %w", err)
	}
	kind := status.Mode & unix.S_IFMT
	exists := unix.Lstat(to, &there) == nil
	if exists && (kind != unix.S_IFDIR || there.Mode&unix.S_IFMT != unix.S_IFDIR) {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		exists = false
	}
	if kind == unix.S_IFDIR {
		if !exists {
			if err := unix.Mkdir(to, 0o700); err != nil {
				return &os.PathError{Op: "mkdir", Path: to, Err: err}
			}
		}
		return f.directory(from, to)
	}
	if first, known := f.linked[status.Ino]; known && status.Nlink > 1 {
		return os.Link(first, to)
	}
	f.linked[status.Ino] = to
	if err := copyFile(from, to, &status); err != nil {
		return err
	}
	return f.dress(from, to, &status)
}

func (f *filling) own(at string, what stance) error {
	var made unix.Stat_t
	if err := unix.Lstat(at, &made); err != nil {
		return &os.PathError{Op: "lstat", Path: at, Err: err}
	}
	return f.tree.owners.note(at, made.Ino, what)
}

// dress gives a copy all that the file in the layer is.
func (f *filling) dress(from, to string, status *unix.Stat_t) error {
	onDisk := *status
	extra := correctBy(f.from, from, status)
	if f.tree.owners == nil {
		if err := unix.Lchown(to, int(status.Uid), int(status.Gid)); err != nil {
			return &os.PathError{Op: "chown", Path: to, Err: err}
		}
	}
	if status.Mode&unix.S_IFMT != unix.S_IFLNK {
		if err := unix.Chmod(to, onDisk.Mode&0o7777); err != nil {
			return &os.PathError{Op: "chmod", Path: to, Err: err}
		}
	}
	if err := copyAttributes(from, to, extra); err != nil {
		return err
	}
	what := stance{UID: status.Uid, GID: status.Gid}
	if status.Mode != onDisk.Mode {
		what.Mode, what.Rdev = status.Mode, status.Rdev
	}
	if f.tree.owners != nil {
		if err := f.own(to, what); err != nil {
			return err
		}
	}
	return unix.UtimesNanoAt(unix.AT_FDCWD, to, []unix.Timespec{onDisk.Atim, onDisk.Mtim}, unix.AT_SYMLINK_NOFOLLOW)
}
