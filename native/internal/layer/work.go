package layer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/store"
)

// Work is a layer that is being filled by commands.
type Work struct {
	// ID is the layer's in the store; empty where commands run in a working tree.
	ID      string
	parent  string
	upper   string
	compare *comparison
	// tree is what commands run in where nothing is mounted; nil: a layer of the store is.
	tree *workingTree
}

// Room is a file system that commands can run in.
type Room struct {
	// Root is its directory.
	Root string
	// Aside is a private directory on the same file system; empty: there is none, as mounts work.
	Aside string
	// Ledger is a file that tells and takes whose files are; empty: the disk does.
	Ledger string
	beside beside
}

// Tree reads the files as they are at this moment.
func (r *Room) Tree() (*Tree, error) {
	tree, err := newTree([]part{{r.Root, r.beside}})
	if err == nil {
		tree.stacked = false
	}
	return tree, err
}

// Begin makes a layer over the parent that can be written to, under a name that says whose it is.
func (c *Committer) Begin(ctx context.Context, parent, name string, epoch time.Time) (*Work, error) {
	below, err := Open(c.Store, parent)
	if err != nil {
		return nil, err
	}
	work := &Work{parent: parent, compare: &comparison{below: below, epoch: epoch, begun: time.Now()}}
	if c.Store.Driver == store.Plain {
		if work.tree, err = c.takeTree(ctx, parent); err != nil {
			return nil, err
		}
		work.upper, work.compare.beside = work.tree.root, work.tree.beside()
	} else if err := c.beginLayer(work, name); err != nil {
		return nil, err
	}
	if !work.compare.partial {
		if err = work.place(); err == nil {
			work.compare.since, err = now(c.Directory)
		}
		if err != nil {
			return nil, errors.Join(err, c.Discard(work))
		}
	}
	return work, nil
}

// place finds out where the directories of a whole copy are, unless the last comparison told.
func (w *Work) place() (err error) {
	if w.tree == nil {
		w.compare.places, err = placesIn(w.upper)
		return err
	}
	if w.tree.places == nil {
		w.tree.places, err = placesIn(w.upper)
	}
	w.compare.places, w.compare.seen = w.tree.places, map[string]uint64{}
	return err
}

func (c *Committer) beginLayer(work *Work, name string) error {
	made, err := c.Store.CreateLayer("", work.parent, []string{name}, "", true, nil)
	if err != nil {
		return fmt.Errorf("making a place to run commands in: %w", err)
	}
	work.ID, work.compare.partial = made.ID, c.Store.Driver != store.VFS
	if work.upper, err = directoryOf(c.Store, made.ID); err != nil {
		return errors.Join(err, c.Store.DeleteLayer(made.ID))
	}
	return nil
}

// Enter makes the files ready for commands. Leave them before the work is finished or discarded.
func (c *Committer) Enter(work *Work) (*Room, error) {
	if work.tree != nil {
		return work.tree.room()
	}
	root, err := c.Store.Mount(work.ID, "")
	if err != nil {
		return nil, fmt.Errorf("mounting a place to run commands in: %w", err)
	}
	room := &Room{Root: root}
	if c.Store.Driver == store.VFS {
		room.Aside, err = os.MkdirTemp(c.Directory, "aside-")
	}
	return room, err
}

// Leave takes the files away from commands.
func (c *Committer) Leave(work *Work, room *Room) error {
	if work.tree != nil {
		return work.tree.learn(room)
	}
	_, err := c.Store.Unmount(work.ID, true)
	if room.Aside != "" {
		err = errors.Join(err, os.RemoveAll(room.Aside))
	}
	return err
}

// Finish makes a layer of what was written; it must not be mounted. changed is false where nothing was.
func (c *Committer) Finish(ctx context.Context, work *Work) (made Made, changed bool, err error) {
	if err := work.compare.compare(work.upper); err != nil {
		return Made{}, false, err
	}
	if len(work.compare.list) == 0 {
		return Made{}, false, c.keepTree(work)
	}
	from := source{parent: work.parent, entries: work.compare.entries}
	switch {
	case work.compare.partial:
		if err := work.compare.tidy(); err != nil {
			return Made{}, false, err
		}
		from.move = work.moveUpper
	case work.tree != nil:
		from.move = work.moveChanges
	}
	made, err = c.make(ctx, from)
	made.Late = work.compare.late
	if err == nil {
		err = c.advanceTree(work, made.ID)
	}
	return made, err == nil, err
}

// moveUpper brings the upper directory of an overlay into the store.
func (w *Work) moveUpper(directory string, _ beside) error {
	if err := w.compare.dateRest(); err != nil {
		return err
	}
	// Not os.Rename, which refuses where an empty directory is in the way.
	return unix.Rename(w.upper, directory)
}

// Discard gives the place up.
func (c *Committer) Discard(work *Work) error {
	if work.ID == "" {
		return work.tree.remove()
	}
	// Driver and store want the directory that may have been moved away.
	if err := os.MkdirAll(work.upper, 0o755); err != nil {
		return fmt.Errorf("removing a place where commands ran: %w", err)
	}
	if err := c.Store.DeleteLayer(work.ID); err != nil {
		return fmt.Errorf("removing a place where commands ran: %w", err)
	}
	return nil
}

// Release gives up a place whose files nobody changed: what was put together for it may serve again.
func (c *Committer) Release(work *Work) error {
	if work.tree == nil {
		return c.Discard(work)
	}
	tree := work.tree
	work.tree = nil
	return c.idle.put(tree)
}

// Whole is a directory of the store that has all files of a layer and of those below, where the driver keeps them so; else
// it is empty. Nothing there may be changed.
func (c *Committer) Whole(id string) string {
	if c.Store.Driver != store.VFS {
		return ""
	}
	directory, err := directoryOf(c.Store, id)
	if err != nil {
		// What is wrong shows when the layer is read.
		return ""
	}
	return directory
}
