package isolation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// replacement is what lies at a target while a command runs, where nothing can be mounted.
type replacement struct {
	// target is its path in the image.
	target string
	// put makes it at a path where nothing is.
	put func(path string) error
	// back takes from a path outside the tree what has to be kept; nothing may be there, if the command removed it. What
	// is left there is removed afterwards. Nil: nothing is kept.
	back func(path string) error
}

// covering are the covered paths of a tree.
type covering struct {
	root, tree string
	covers     []*cover
}

// cover is one path whose original was moved away. The parent is held open: whatever a command does to the directories on
// the way, including links that lead elsewhere, the original comes back to where it was.
type cover struct {
	target string
	parent *os.File
	name   string
	// original is where the covered file is kept, and aside is where the replacement goes in the end.
	original, aside string
	// covered says that there was an original, and cleared that nothing but ours is at the target.
	covered, cleared bool
	// made are directories that were missing, outermost first.
	made []string
	// before and after are the parent's times around the covering.
	before, after [2]unix.Timespec
	back          func(path string) error
}

// place covers a target.
func (c *covering) place(wanted replacement) error {
	made := &cover{target: wanted.target}
	if err := made.find(c.root); err != nil {
		return fmt.Errorf("covering %s: %w", wanted.target, err)
	}
	kept := filepath.Join(c.tree, strconv.Itoa(len(c.covers)))
	made.original, made.aside = kept+".covered", kept+".used"
	c.covers = append(c.covers, made)
	if err := made.put(wanted); err != nil {
		return fmt.Errorf("covering %s: %w", wanted.target, err)
	}
	return nil
}

// find opens the directory of the target.
func (c *cover) find(root string) error {
	path, missing, err := within(root, c.target)
	if err != nil {
		return err
	}
	if path == root {
		return errors.New("the whole root cannot be covered")
	}
	for _, name := range missing {
		if err := os.Mkdir(name, 0o755); err != nil {
			return fmt.Errorf("making the directories on the way: %w", err)
		}
		c.made = append(c.made, name)
	}
	c.name = filepath.Base(path)
	c.parent, err = os.OpenFile(filepath.Dir(path), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	return err
}

// path is the target, by way of the open directory.
func (c *cover) path() string {
	return filepath.Join("/proc/self/fd", strconv.Itoa(int(c.parent.Fd())), c.name)
}

func (c *cover) put(wanted replacement) (err error) {
	if c.before, err = timesOf(c.parent); err != nil {
		return err
	}
	c.after = c.before
	switch err := os.Rename(c.path(), c.original); {
	case err == nil:
		c.covered = true
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("moving away what is there: %w", reason(err))
	}
	c.cleared = true
	if err = wanted.put(c.path()); err != nil {
		return err
	}
	c.back = wanted.back
	c.after, err = timesOf(c.parent)
	return err
}

// undo puts everything back, the last covered first, and tells all that went wrong.
func (c *covering) undo() error {
	var problems []error
	for i := len(c.covers) - 1; i >= 0; i-- {
		if err := c.covers[i].undo(c.root); err != nil {
			problems = append(problems, fmt.Errorf("uncovering %s: %w", c.covers[i].target, err))
		}
	}
	c.covers = nil
	return errors.Join(problems...)
}

func (c *cover) undo(root string) error {
	if c.parent == nil {
		return nil
	}
	defer c.parent.Close()
	now, err := timesOf(c.parent)
	if err != nil {
		return err
	}
	if now == c.after {
		now = c.before
	}
	var problems []error
	if c.cleared {
		if err := os.Rename(c.path(), c.aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("taking out what was put there: %w", reason(err)))
		}
	}
	if c.covered {
		problems = append(problems, c.restore(root))
	}
	problems = append(problems, setTimes(c.parent, now))
	for i := len(c.made) - 1; i >= 0; i-- {
		// What a command left in it stays.
		_ = os.Remove(c.made[i])
	}
	if c.back != nil {
		problems = append(problems, c.back(c.aside))
	}
	return errors.Join(append(problems, os.RemoveAll(c.aside))...)
}

// restore moves the original back. A directory that a command removed together with the target is made again: a mount would
// not have let it go.
func (c *cover) restore(root string) error {
	err := os.Rename(c.original, c.path())
	if !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	path, missing, err := within(root, c.target)
	if err != nil {
		return err
	}
	for _, name := range missing {
		if err := os.Mkdir(name, 0o755); err != nil {
			return fmt.Errorf("making the directories on the way: %w", err)
		}
	}
	return reason(os.Rename(c.original, path))
}

// reason leaves out the paths of an error: they are ours.
func reason(err error) error {
	var link *os.LinkError
	var path *fs.PathError
	switch {
	case errors.As(err, &link):
		return link.Err
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// timesOf are the times of access and change of a directory.
func timesOf(directory *os.File) (times [2]unix.Timespec, err error) {
	var status unix.Stat_t
	if err := unix.Fstat(int(directory.Fd()), &status); err != nil {
		return times, fmt.Errorf("reading the times of a directory: %w", err)
	}
	// Looking at a directory changes its time of access.
	return [2]unix.Timespec{{Nsec: unix.UTIME_OMIT}, status.Mtim}, nil
}

func setTimes(directory *os.File, times [2]unix.Timespec) error {
	path := filepath.Join("/proc/self/fd", strconv.Itoa(int(directory.Fd())))
	err := unix.UtimesNanoAt(unix.AT_FDCWD, path, times[:], 0)
	if err != nil && !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("setting the times of a directory: %w", err)
	}
	return nil
}
