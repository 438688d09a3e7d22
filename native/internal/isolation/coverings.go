package isolation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// coverFor puts what a command is to see into its tree. errorPipe is a named pipe to standard error, or empty. The result is
// never nil: undo it in any case.
func coverFor(command Command, errorPipe string) (*covering, error) {
	placed := &covering{root: filepath.Clean(command.Root), tree: command.Tree}
	if command.Tree == "" {
		return placed, errors.New("a command without mounts needs a directory for what is covered")
	}
	wanted := []replacement{
		{target: "/dev", put: devicesWith(errorPipe, command.Terminal != nil)},
		{target: "/proc", put: processStandIn(command)},
		{target: "/sys", put: putSystemStandIn},
	}
	for _, mount := range inOrder(command.Mounts) {
		made, err := replacementOf(mount)
		if err != nil {
			return placed, fmt.Errorf("covering %s: %w", mount.Destination, err)
		}
		wanted = append(wanted, made)
	}
	for _, one := range wanted {
		if err := placed.place(one); err != nil {
			return placed, err
		}
	}
	return placed, nil
}

// inOrder sorts mounts so that one comes before those that are in it.
func inOrder(mounts []specs.Mount) []specs.Mount {
	return slices.SortedStableFunc(slices.Values(mounts), func(a, b specs.Mount) int {
		return len(names(a.Destination)) - len(names(b.Destination))
	})
}

// replacementOf is what stands in for a mount.
func replacementOf(mount specs.Mount) (replacement, error) {
	made := replacement{target: mount.Destination}
	if mount.Type == "tmpfs" {
		mode, err := modeOf(mount.Options)
		made.put = func(path string) error { return makeDirectory(path, mode) }
		return made, err
	}
	if mount.Type != "bind" {
		return made, fmt.Errorf("a mount of type %s cannot be replaced by files", mount.Type)
	}
	source, err := filepath.EvalSymlinks(mount.Source)
	if err != nil {
		return made, err
	}
	status, err := os.Lstat(source)
	if err != nil {
		return made, err
	}
	writable := !slices.Contains(mount.Options, "ro")
	switch {
	case status.Mode()&fs.ModeSocket != 0:
		link := &socketLink{source: source}
		made.put, made.back = link.put, link.back
	case status.IsDir() && slices.Contains(mount.Options, Movable):
		moved := &movedDirectory{source: source, mode: status.Mode(), copied: copied{source: source, writable: writable}}
		made.put, made.back = moved.put, moved.back
	default:
		one := &copied{source: source, writable: writable}
		made.put, made.back = one.put, one.back
	}
	return made, nil
}

// modeOf reads mode= of a tmpfs.
func modeOf(options []string) (uint32, error) {
	for _, option := range options {
		if text, found := strings.CutPrefix(option, "mode="); found {
			mode, err := strconv.ParseUint(text, 8, 12)
			return uint32(mode), err
		}
	}
	return 0o1777, nil
}

// makeDirectory makes a directory with exactly that mode.
func makeDirectory(path string, mode uint32) error {
	if err := unix.Mkdir(path, 0o700); err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	if err := unix.Chmod(path, mode); err != nil {
		return fmt.Errorf("setting the mode of a directory: %w", err)
	}
	return nil
}

// copied is a bind mount that is done by a copy.
type copied struct {
	source   string
	writable bool
	before   map[string]mark
}

func (c *copied) put(path string) (err error) {
	if err := copyTree(c.source, path); err != nil {
		return err
	}
	if c.writable {
		c.before, err = marksOf(path)
	}
	return err
}

func (c *copied) back(path string) error {
	if !c.writable {
		return nil
	}
	return writeBack(path, c.source, c.before)
}

// movedDirectory is a bind mount of a directory of our own: it is moved into the tree and back. From another file system it
// is copied.
type movedDirectory struct {
	source string
	mode   fs.FileMode
	moved  bool
	copied copied
}

func (m *movedDirectory) put(path string) error {
	err := os.Rename(m.source, path)
	if errors.Is(err, unix.EXDEV) {
		return m.copied.put(path)
	}
	m.moved = err == nil
	return err
}

func (m *movedDirectory) back(path string) error {
	if !m.moved {
		return m.copied.back(path)
	}
	status, err := os.Lstat(path)
	if err == nil && status.IsDir() {
		return os.Rename(path, m.source)
	}
	// The command removed it. A mount would have stayed, empty.
	if err := os.Mkdir(m.source, m.mode.Perm()); err != nil {
		return err
	}
	return os.Chmod(m.source, m.mode)
}
