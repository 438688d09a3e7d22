package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// longestLinkChain bounds the symbolic links that one lookup follows, as the kernel does.
const longestLinkChain = 40

// File is one file of a tree, wherever the tree is kept.
type File interface {
	IsDir() bool
	IsLink() bool
	// Target reads a symbolic link.
	Target() (string, error)
	// Open reads a plain file.
	Open() (io.ReadCloser, error)
	// Describe gives its tar header under a name; nil for what has no place in a tar.
	Describe(name string) (*tar.Header, error)
}

// Files is a tree of files that links cannot lead out of.
type Files interface {
	Root() File
	// Child finds an entry of a directory; the error is fs.ErrNotExist where there is none.
	Child(directory File, name string) (File, error)
	// Names lists what a directory holds, sorted.
	Names(directory File) ([]string, error)
}

// Resolve follows every symbolic link of a name, the last one too, inside the tree. It returns the canonical name, also of
// what is not there; the file is nil then.
func Resolve(files Files, name string) (canonical string, file File, err error) {
	return resolve(files, name, true)
}

// ResolveParent follows the links on the way, but not the last one.
func ResolveParent(files Files, name string) (canonical string, file File, err error) {
	return resolve(files, name, false)
}

func resolve(files Files, name string, last bool) (string, File, error) {
	pending := split(name)
	var done []string
	visited := []File{files.Root()}
	for links := 0; len(pending) > 0; {
		part := pending[0]
		pending = pending[1:]
		if part == ".." {
			if here := visited[len(visited)-1]; here != nil && !here.IsDir() {
				return "", nil, fmt.Errorf("/%s: %w", strings.Join(done, "/"), ErrNotDirectory)
			}
			if len(done) > 0 {
				done, visited = done[:len(done)-1], visited[:len(visited)-1]
			}
			continue
		}
		next, err := step(files, visited[len(visited)-1], part)
		if err != nil {
			return "", nil, fmt.Errorf("/%s: %w", strings.Join(done, "/"), err)
		}
		if next == nil || !next.IsLink() || (!last && len(pending) == 0) {
			done, visited = append(done, part), append(visited, next)
			continue
		}
		if links++; links > longestLinkChain {
			return "", nil, fmt.Errorf("/%s: too many levels of symbolic links", strings.Join(split(name), "/"))
		}
		target, err := next.Target()
		if err != nil {
			return "", nil, fmt.Errorf("reading the link /%s: %w", strings.Join(append(done, part), "/"), err)
		}
		if path.IsAbs(target) {
			done, visited = nil, visited[:1]
		}
		pending = append(splitRaw(target), pending...)
	}
	if len(done) == 0 {
		return ".", visited[0], nil
	}
	return strings.Join(done, "/"), visited[len(visited)-1], nil
}

// step goes one name further; nil behind what is not there.
func step(files Files, here File, part string) (File, error) {
	if here == nil {
		return nil, nil
	}
	if !here.IsDir() {
		return nil, ErrNotDirectory
	}
	next, err := files.Child(here, part)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return next, err
}

// ErrNotDirectory says that something on the way to a name is no directory.
var ErrNotDirectory = errors.New("is not a directory")

// split cuts a name into its parts; `..` at the root stays there.
func split(name string) []string {
	cleaned := strings.TrimPrefix(path.Clean("/"+name), "/")
	if cleaned == "" {
		return nil
	}
	return strings.Split(cleaned, "/")
}

// splitRaw keeps `..`, which means something else behind a link.
func splitRaw(name string) []string {
	return slices.DeleteFunc(strings.Split(name, "/"), func(part string) bool { return part == "" || part == "." })
}

// ByPlace compares names for the order of layers, in which what a directory holds follows it at once: negative where the first comes before the second.
func ByPlace(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] == b[i] {
			continue
		}
		if a[i] == '/' {
			return -1
		}
		if b[i] == '/' {
			return 1
		}
		return int(a[i]) - int(b[i])
	}
	return len(a) - len(b)
}
