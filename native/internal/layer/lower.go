package layer

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lower is what the layers below have at a place, looked up when it is asked for: of most places nobody asks.
type lower struct {
	tree   *Tree
	parent *lower
	base   string
	node   *Node
	known  bool
}

func (l *lower) child(base string) *lower { return &lower{tree: l.tree, parent: l, base: base} }

// get gives nil where there is nothing.
func (l *lower) get() (*Node, error) {
	if l.known {
		return l.node, nil
	}
	in, err := l.parent.get()
	if err != nil {
		return nil, err
	}
	if in != nil && in.IsDir() {
		if l.node, err = l.tree.child(in, l.base); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	l.known = true
	return l.node, nil
}

// names lists what a directory held.
func (l *lower) names() ([]string, error) {
	node, err := l.get()
	if err != nil || node == nil || !node.IsDir() {
		return nil, err
	}
	return l.tree.names(node)
}

// placesIn tells the inode of every directory of a whole copy, by `/name`.
func placesIn(root string) (map[string]uint64, error) {
	places := map[string]uint64{}
	err := filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		var status unix.Stat_t
		if err := unix.Lstat(at, &status); err != nil {
			return fmt.Errorf("reading %s: %w", at, err)
		}
		places[strings.TrimPrefix(at, root)] = status.Ino
		return nil
	})
	return places, err
}
