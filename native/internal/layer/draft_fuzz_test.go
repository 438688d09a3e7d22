package layer

import (
	"archive/tar"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// planAll does to a draft what bytes say, three for each operation. Refusals are in order.
func planAll(draft *Draft, text []byte) {
	name := func(b byte) string {
		parts := []string{string("abd"[b%3]), string("abx"[b>>2%3]), string("aby"[b>>4%3])}
		return strings.Join(parts[:b>>6%3+1], "/")
	}
	for ; len(text) >= 3; text = text[3:] {
		at := name(text[1])
		// As archives are planned: links on the way are followed first.
		if canonical, _, err := ResolveParent(draft, at); err == nil {
			at = canonical
		} else {
			continue
		}
		switch text[0] % 7 {
		case 0, 1:
			_ = draft.Put(entryOf(tar.TypeReg, at, "", string(text[:3])))
		case 2:
			_ = draft.Put(entryOf(tar.TypeDir, at, "", ""))
		case 3:
			_ = draft.Put(entryOf(tar.TypeSymlink, at, []string{"", "/", "../"}[text[2]%3]+name(text[2]), ""))
		case 4:
			_ = draft.Put(entryOf(tar.TypeLink, at, name(text[2]), ""))
		case 5:
			_ = draft.Remove(at)
		case 6:
			_ = draft.Put(entryOf(tar.TypeReg, at+"/"+opaqueMark, "", ""))
		}
	}
}

// shown lists all files that a tree shows.
func shown(t testing.TB, files Files, directory File, prefix string) []string {
	t.Helper()
	names, err := files.Names(directory)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range names {
		file, err := files.Child(directory, name)
		if err != nil {
			t.Fatal(err)
		}
		header, err := file.Describe(prefix + name)
		if err != nil {
			t.Fatal(err)
		}
		line := lineOf(Entry{Header: header})
		if header.Typeflag == tar.TypeReg {
			content, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(content)
			if err := errors.Join(err, content.Close()); err != nil {
				t.Fatal(err)
			}
			line += string(text)
		}
		lines = append(lines, line)
		if file.IsDir() {
			lines = append(lines, shown(t, files, file, prefix+name+"/")...)
		}
	}
	return lines
}

// FuzzDraft plans anything over a small tree, writes it to the disk as a layer on top, and looks whether the layers together
// are what the draft showed.
func FuzzDraft(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 1, 1, 5, 2, 2, 4, 64, 0, 6, 2, 0})
	f.Add([]byte{0, 2, 0, 2, 2, 0, 0, 66, 0})
	f.Add([]byte{5, 2, 0, 0, 130, 0, 6, 66, 0, 3, 1, 2, 0, 65, 0})
	f.Add([]byte{4, 0, 66, 4, 1, 0, 5, 2, 0, 2, 2, 2, 4, 66, 0})
	lower := put(f, f.TempDir(), map[string]string{"a/x/y": "1", "d/x/a": "2", "d/b": "3", "b": "-> d"})
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 120 {
			return
		}
		below := treeOf(t, lower)
		draft := NewDraft(below, epoch)
		planAll(draft, text)
		assertWell(t, draft)
		upper := t.TempDir()
		onto := &writer{root: upper, markers: true}
		for entry, err := range draft.Entries() {
			if err == nil {
				err = onto.write(entry)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := onto.finish(); err != nil {
			t.Fatal(err)
		}
		above := treeOf(t, upper, lower)
		planned, made := shown(t, draft, draft.Root(), ""), shown(t, above, above.Root(), "")
		if !slices.Equal(planned, made) {
			t.Errorf("the draft showed %q, and the layers are %q", planned, made)
		}
	})
}
