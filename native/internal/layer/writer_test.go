package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestLongRunsOfZerosBecomeHoles(t *testing.T) {
	zeros := func(n int) []byte { return make([]byte, n) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, one := range map[string]struct {
		content []byte
		// most is how many bytes the file may take on the disk.
		most int64
	}{
		"nothing":            {nil, 0},
		"zeros alone":        {zeros(1 << 20), 0},
		"zeros, unaligned":   {zeros(1<<20 + 7), 64 << 10},
		"zeros at the end":   {join([]byte("x"), zeros(1<<20)), 192 << 10},
		"zeros at the start": {join(zeros(1<<20), []byte("x")), 64 << 10},
		"zeros in between":   {join([]byte("x"), zeros(1<<20), []byte("y")), 192 << 10},
		"noise":              {noise(1, 300_000), 1 << 20},
	} {
		for _, piece := range []int{copyBuffer, 64 << 10, 1000} {
			at := filepath.Join(t.TempDir(), "file")
			opened, err := os.Create(at)
			if err != nil {
				t.Fatal(err)
			}
			sparse := &sparseFile{file: opened}
			_, err = io.CopyBuffer(plainWriter{sparse}, plainReader{bytes.NewReader(one.content)}, make([]byte, piece))
			if err := errors.Join(err, sparse.Close()); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(at); err != nil || !bytes.Equal(got, one.content) {
				t.Errorf("%s in pieces of %d: the content differs: %d bytes, wanted %d (%v)", name, piece, len(got), len(one.content), err)
			}
			var status unix.Stat_t
			if err := unix.Stat(at, &status); err != nil {
				t.Fatal(err)
			}
			if piece >= holeSize && status.Blocks*512 > one.most {
				t.Errorf("%s in pieces of %d takes %d bytes, at most %d wanted", name, piece, status.Blocks*512, one.most)
			}
		}
	}
}

func TestADraftIsWrittenIntoTheFileSystemItWasPlannedOver(t *testing.T) {
	for name, plan := range map[string]func(d *Draft) error{
		"files of all kinds": func(d *Draft) error {
			return errors.Join(d.Put(entryOf(tar.TypeReg, "d/n", "", "new")), d.Put(entryOf(tar.TypeSymlink, "d/sub", "a", "")),
				d.Put(entryOf(tar.TypeLink, "e", "d/n", "")), d.Remove("f"))
		},
		"a directory made anew": func(d *Draft) error {
			return errors.Join(d.Remove("d"), d.Put(entryOf(tar.TypeReg, "d/sub/n", "", "new")))
		},
		"a link to a file that is replaced": func(d *Draft) error {
			return errors.Join(d.Put(entryOf(tar.TypeLink, "z", "f", "")), d.Put(entryOf(tar.TypeReg, "f", "", "another text")))
		},
		"a link to a file that is removed": func(d *Draft) error {
			return errors.Join(d.Put(entryOf(tar.TypeLink, "z", "d/a", "")), d.Remove("d"))
		},
	} {
		root := put(t, t.TempDir(), map[string]string{"d/a": "1", "d/sub/x": "2", "f": "4"})
		tree, err := PlainTree(root)
		if err != nil {
			t.Fatal(err)
		}
		draft := NewDraft(tree, epoch)
		if err := plan(draft); err != nil {
			t.Fatal(err)
		}
		want := shown(t, draft, draft.Root(), "")
		if err := draft.WriteTo(context.Background(), &Room{Root: root}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := shown(t, tree, tree.Root(), ""); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, wanted %q", name, got, want)
		}
	}
}
