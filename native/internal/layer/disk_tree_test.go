package layer

import (
	"archive/tar"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// put makes a file in a directory: `name/` a directory, `name -> target` a link by its target, else a plain file.
func put(t testing.TB, directory string, files map[string]string) string {
	t.Helper()
	for _, name := range sortedByPlace(files) {
		at := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		switch text := files[name]; {
		case text == "dir":
			if err = os.Mkdir(at, 0o755); errors.Is(err, os.ErrExist) {
				err = nil
			}
		case len(text) > 3 && text[:3] == "-> ":
			err = os.Symlink(text[3:], at)
		default:
			err = os.WriteFile(at, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

func sortedByPlace(files map[string]string) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	sortPlaces(names)
	return names
}

func treeOf(t testing.TB, directories ...string) *Tree {
	t.Helper()
	tree, err := NewTree(directories...)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// randomName is one of few names, so that they meet.
func randomName(random *rand.Rand, depth int) string {
	name := string("abc"[random.IntN(3)])
	if depth > 0 && random.IntN(2) == 0 {
		name += "/" + randomName(random, depth-1)
	}
	return name
}

func entryOf(kind byte, name, link, text string) Entry {
	header := &tar.Header{Typeflag: kind, Name: name, Linkname: link, Mode: 0o644, ModTime: epoch}
	if kind != tar.TypeReg {
		return Entry{Header: header}
	}
	header.Size = int64(len(text))
	return Entry{Header: header, Open: func() (io.ReadCloser, error) { return io.NopCloser(stringReader(text)), nil }}
}
