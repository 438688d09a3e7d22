package layer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// mostIdleTrees bounds how many working trees wait for the next command of an image.
const mostIdleTrees = 4

// idleTrees are working trees that nothing runs in.
type idleTrees struct {
	mu    sync.Mutex
	trees []*workingTree
}

// take removes the tree that needs least to become the last layer of the chain; nil: none can.
func (i *idleTrees) take(chain []string) *workingTree {
	i.mu.Lock()
	defer i.mu.Unlock()
	best, place := -1, -1
	for n, tree := range i.trees {
		if at := slices.Index(chain, tree.layer); at > place {
			best, place = n, at
		}
	}
	if best < 0 {
		return nil
	}
	found := i.trees[best]
	i.trees = slices.Delete(i.trees, best, best+1)
	return found
}

// put keeps a tree; the one that waits longest goes for it where there are too many.
func (i *idleTrees) put(tree *workingTree) error {
	i.mu.Lock()
	i.trees = append(i.trees, tree)
	var oldest *workingTree
	if len(i.trees) > mostIdleTrees {
		oldest = i.trees[0]
		i.trees = slices.Delete(i.trees, 0, 1)
	}
	i.mu.Unlock()
	return oldest.remove()
}

// Rest removes working trees that nothing runs in: an image is done.
func (c *Committer) Rest() error {
	c.idle.mu.Lock()
	trees := c.idle.trees
	c.idle.trees = nil
	c.idle.mu.Unlock()
	var failed error
	for _, tree := range trees {
		failed = errors.Join(failed, tree.remove())
	}
	return failed
}

// takeTree gives a working tree with the files of a layer, all below it included.
func (c *Committer) takeTree(ctx context.Context, layer string) (tree *workingTree, err error) {
	chain, err := c.chain(layer)
	if err != nil {
		return nil, err
	}
	if tree = c.idle.take(chain); tree == nil {
		if tree, err = newWorkingTree(c.Directory); err != nil {
			return nil, err
		}
	}
	missing := chain[slices.Index(chain, tree.layer)+1:]
	if tree.moved {
		missing = chain[slices.Index(chain, tree.layer):]
	}
	for _, id := range missing {
		if err = ctx.Err(); err == nil {
			err = c.fill(tree, id)
		}
		if err != nil {
			return nil, errors.Join(err, tree.remove())
		}
	}
	return tree, nil
}

// fill puts a layer over what is in the tree.
func (c *Committer) fill(tree *workingTree, id string) error {
	from, err := Open(c.Store, id)
	if err != nil {
		return err
	}
	return tree.fill(id, from.root.parts[0])
}

// chain lists a layer and those below it, the lowest first.
func (c *Committer) chain(layer string) ([]string, error) {
	var chain []string
	for id := layer; id != ""; {
		found, err := c.Store.Layer(id)
		if err != nil {
			return nil, fmt.Errorf("reading layer %s: %w", id, err)
		}
		chain = append(chain, id)
		id = found.Parent
	}
	slices.Reverse(chain)
	return chain, nil
}

// keepTree keeps the tree of work that changed nothing.
func (c *Committer) keepTree(work *Work) error {
	if work.tree == nil {
		return nil
	}
	if err := work.compare.restore(); err != nil {
		return err
	}
	return c.putTree(work)
}

// advanceTree keeps the tree of work that became a layer.
func (c *Committer) advanceTree(work *Work, layer string) error {
	if work.tree == nil {
		return nil
	}
	if err := work.compare.restore(); err != nil {
		return err
	}
	work.tree.layer, work.tree.moved = layer, true
	return c.putTree(work)
}

func (c *Committer) putTree(work *Work) error {
	tree := work.tree
	work.tree, tree.places = nil, work.compare.seen
	return c.idle.put(tree)
}

// restore gives directories that are as below their times again, and removes what no layer can hold.
func (c *comparison) restore() error {
	for at, modified := range c.redated {
		if err := unix.UtimesNanoAt(unix.AT_FDCWD, at, []unix.Timespec{modified, modified}, unix.AT_SYMLINK_NOFOLLOW); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("dating %s: %w", at, err)
		}
	}
	for _, at := range c.idle {
		if err := os.RemoveAll(at); err != nil {
			return fmt.Errorf("leaving out what no layer holds: %w", err)
		}
	}
	return nil
}

// moveChanges brings what is new in a working tree into the directory of a layer. The tree lacks it then.
func (w *Work) moveChanges(directory string, to beside) error {
	onto := &writer{root: directory, markers: true, beside: to}
	for _, one := range w.compare.list {
		if err := w.moveChange(onto, one); err != nil {
			return fmt.Errorf("moving /%s into the store: %w", one.name, err)
		}
	}
	return onto.finish()
}

func (w *Work) moveChange(onto *writer, one change) error {
	if one.now == nil {
		return onto.write(Removal(one.name))
	}
	header, err := HeaderOf(one.now, one.name)
	if err != nil || header == nil {
		return err
	}
	header.ModTime = one.modified
	if one.now.IsDir() {
		return onto.write(Entry{Header: header})
	}
	at := filepath.Join(onto.root, one.name)
	if err := unix.Rename(one.now.path, at); err != nil {
		return err
	}
	var onDisk unix.Stat_t
	if err := unix.Lstat(at, &onDisk); err != nil {
		return err
	}
	if onto.beside == nil {
		return setTime(at, one.modified)
	}
	what := stance{UID: one.now.Stat.Uid, GID: one.now.Stat.Gid, Attributes: one.now.extra}
	if onDisk.Mode != one.now.Stat.Mode {
		what.Mode, what.Rdev = one.now.Stat.Mode, one.now.Stat.Rdev
	}
	if err := onto.beside.note(at, onDisk.Ino, what); err != nil {
		return err
	}
	return setTime(at, one.modified)
}
