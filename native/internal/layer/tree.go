package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// whiteoutPrefix begins the name of a file that hides another in the layers below; opaqueMark hides a whole directory's.
const (
	whiteoutPrefix = ".wh."
	opaqueMark     = ".wh..wh..opq"
)

// opaqueAttributes mark a directory that hides those below: as root, in a user namespace, by fuse-overlayfs.
var opaqueAttributes = []string{"trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque"}

// Tree is a root filesystem that is read without mounting it: directories stacked as overlay stacks them.
// Names are relative, clean, and without links: `usr/bin/env`; the root is `.`.
type Tree struct {
	root *Node
	// stacked says that whiteouts have their meaning. A plain directory has none.
	stacked bool
}

// Node is one file of a tree.
type Node struct {
	Stat unix.Stat_t
	// path is where it lies on the disk.
	path string
	// parts are the directories that make up a directory, the upper one first.
	parts []part
	// extra are attributes that the disk could not take.
	extra map[string]string
	// held is the file, open already; 0: it is not.
	held plainFile
	// settled says, of a whole copy that is compared, that the directories above are where they were.
	settled bool
}

// part is a directory on the disk, and what is kept beside it.
type part struct {
	path   string
	beside beside
}

// NewTree makes a tree of directories, the upper one first; an empty list is an empty tree.
func NewTree(directories ...string) (*Tree, error) {
	parts := make([]part, 0, len(directories))
	for _, directory := range directories {
		parts = append(parts, part{path: directory})
	}
	return newTree(parts)
}

func newTree(parts []part) (*Tree, error) {
	root := &Node{parts: parts}
	root.Stat.Mode = unix.S_IFDIR | 0o755
	if len(parts) > 0 {
		root.path = parts[0].path
		if err := unix.Stat(root.path, &root.Stat); err != nil {
			return nil, fmt.Errorf("reading a layer: %w", err)
		}
		correctBy(parts[0].beside, root.path, &root.Stat)
	}
	return &Tree{root: root, stacked: true}, nil
}

// PlainTree is the tree of one directory, where nothing is a whiteout.
func PlainTree(directory string) (*Tree, error) {
	tree, err := NewTree(directory)
	if err == nil {
		tree.stacked = false
	}
	return tree, err
}

// Over is this tree with one more directory on top.
func (t *Tree) Over(upper string) (*Tree, error) {
	tree, err := newTree(append([]part{{path: upper}}, t.root.parts...))
	if err == nil {
		tree.stacked = t.stacked
	}
	return tree, err
}

// IsDir says whether it is a directory.
func (n *Node) IsDir() bool { return n.Stat.Mode&unix.S_IFMT == unix.S_IFDIR }

// IsRegular says whether it is a plain file.
func (n *Node) IsRegular() bool { return n.Stat.Mode&unix.S_IFMT == unix.S_IFREG }

// IsLink says whether it is a symbolic link.
func (n *Node) IsLink() bool { return n.Stat.Mode&unix.S_IFMT == unix.S_IFLNK }

// Describe gives its tar header under a name.
func (n *Node) Describe(name string) (*tar.Header, error) { return HeaderOf(n, name) }

// Open reads a plain file.
func (n *Node) Open() (io.ReadCloser, error) {
	if held := n.held; held != 0 {
		n.held = 0
		return held, nil
	}
	return n.open()
}

// hold opens a plain file early: what is asked of it then need not find it again. Whoever does not open it releases it.
func (n *Node) hold() (err error) {
	n.held, err = n.open()
	return err
}

func (n *Node) release() {
	if n.held != 0 {
		_ = n.held.Close()
		n.held = 0
	}
}

func (n *Node) attributed() attributed {
	if n.held != 0 {
		return n.held
	}
	return byPath(n.path)
}

func (n *Node) open() (plainFile, error) {
	fd, err := unix.Open(n.path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: n.path, Err: err}
	}
	return plainFile(fd), nil
}

// plainFile is an open file without what the library does for files that can be waited for: layers have many small ones.
type plainFile int

// Read reads.
func (f plainFile) Read(to []byte) (int, error) {
	for {
		n, err := unix.Read(int(f), to)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, err
		case n == 0 && len(to) > 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// Close closes.
func (f plainFile) Close() error { return unix.Close(int(f)) }

// Target reads a symbolic link.
func (n *Node) Target() (string, error) { return os.Readlink(n.path) }

// Root is the root directory.
func (t *Tree) Root() File { return t.root }

// Child finds an entry of a directory; the error is fs.ErrNotExist where there is none.
func (t *Tree) Child(directory File, name string) (File, error) {
	found, err := t.child(directory.(*Node), name)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Names lists what a directory holds, sorted.
func (t *Tree) Names(directory File) ([]string, error) { return t.names(directory.(*Node)) }

func (t *Tree) child(directory *Node, name string) (*Node, error) {
	var found *Node
	for _, in := range directory.parts {
		at := filepath.Join(in.path, name)
		var status unix.Stat_t
		err := unix.Lstat(at, &status)
		if errors.Is(err, unix.ENOENT) {
			if t.stacked && unix.Lstat(filepath.Join(in.path, whiteoutPrefix+name), &status) == nil {
				break
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s of a layer: %w", name, err)
		}
		if t.stacked && isWhiteout(&status) {
			break
		}
		if found != nil && status.Mode&unix.S_IFMT != unix.S_IFDIR {
			break
		}
		if found == nil {
			extra := correctBy(in.beside, at, &status)
			found = &Node{Stat: status, path: at, extra: extra}
		}
		if !found.IsDir() {
			break
		}
		found.parts = append(found.parts, part{at, in.beside})
		if t.stacked && isOpaque(at) {
			break
		}
	}
	if found == nil {
		return nil, fs.ErrNotExist
	}
	return found, nil
}

func (t *Tree) names(directory *Node) ([]string, error) {
	if len(directory.parts) == 1 && !t.stacked {
		return readNames(directory.parts[0].path)
	}
	seen := map[string]bool{}
	for _, in := range directory.parts {
		names, err := readNames(in.path)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if !strings.HasPrefix(name, whiteoutPrefix) {
				seen[name] = true
			}
		}
	}
	list := make([]string, 0, len(seen))
	for name := range seen {
		// With one part only, or none hidden, this looks twice at each file: names alone do not tell whiteouts.
		if _, err := t.child(directory, name); err == nil {
			list = append(list, name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	slices.Sort(list)
	return list, nil
}

// find looks up a canonical name, following no links.
func (t *Tree) find(name string) (*Node, error) {
	node := t.root
	for _, part := range split(name) {
		if !node.IsDir() {
			return nil, fs.ErrNotExist
		}
		var err error
		if node, err = t.child(node, part); err != nil {
			return nil, err
		}
	}
	return node, nil
}

func readNames(directory string) ([]string, error) {
	file, err := os.Open(directory)
	if err != nil {
		return nil, fmt.Errorf("reading a layer: %w", err)
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("reading a layer: %w", err)
	}
	slices.Sort(names)
	return names, nil
}

func isWhiteout(status *unix.Stat_t) bool {
	return status.Mode&unix.S_IFMT == unix.S_IFCHR && status.Rdev == 0
}

func isOpaque(directory string) bool {
	var value [1]byte
	for _, name := range opaqueAttributes {
		if size, err := unix.Lgetxattr(directory, name, value[:]); err == nil && size == 1 && value[0] == 'y' {
			return true
		}
	}
	var status unix.Stat_t
	return unix.Lstat(filepath.Join(directory, opaqueMark), &status) == nil
}

// Identity tells files apart that have several names.
type Identity struct{ device, inode uint64 }

// IdentityOf says which file it is, if the file has several names.
func IdentityOf(file File) (identity Identity, several bool) {
	node, is := file.(*Node)
	if !is || node.IsDir() || node.Stat.Nlink < 2 {
		return Identity{}, false
	}
	return Identity{node.Stat.Dev, node.Stat.Ino}, true
}
