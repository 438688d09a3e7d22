package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var epoch = time.Unix(1_700_000_000, 0)

func stringReader(text string) io.Reader { return strings.NewReader(text) }

// sortPlaces sorts as layers are sorted.
func sortPlaces(names []string) { slices.SortFunc(names, ByPlace) }

// listed tells the entries of a draft: `d/`, `f`, `l -> target`, `h = first`, `-removed`.
func listed(t testing.TB, draft *Draft) []string {
	t.Helper()
	lines := []string{}
	for entry, err := range draft.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, lineOf(entry))
	}
	return lines
}

func lineOf(entry Entry) string {
	if hidden, is := removed(entry.Header.Name); is {
		return "-" + hidden
	}
	switch entry.Header.Typeflag {
	case tar.TypeDir:
		return entry.Header.Name + "/"
	case tar.TypeSymlink:
		return entry.Header.Name + " -> " + entry.Header.Linkname
	case tar.TypeLink:
		return entry.Header.Name + " = " + entry.Header.Linkname
	}
	return entry.Header.Name
}

// below is what drafts are planned over.
func below(t testing.TB) *Tree {
	return treeOf(t, put(t, t.TempDir(), map[string]string{"d/a": "1", "d/sub/x": "2", "d/sub/y": "3", "f": "4", "l": "-> d", "gone": "-> /no/where"}))
}

func TestADraftListsWhatIsNewWithTheDirectoriesOnTheWay(t *testing.T) {
	for name, one := range map[string]struct {
		plan func(d *Draft) error
		want []string
	}{
		"nothing":               {func(*Draft) error { return nil }, []string{}},
		"a file":                {func(d *Draft) error { return d.Put(entryOf(tar.TypeReg, "d/sub/n", "", "n")) }, []string{"d/", "d/sub/", "d/sub/n"}},
		"a file in new places":  {func(d *Draft) error { return d.Put(entryOf(tar.TypeReg, "x/y/z", "", "")) }, []string{"x/", "x/y/", "x/y/z"}},
		"the root":              {func(d *Draft) error { return d.Put(entryOf(tar.TypeDir, ".", "", "")) }, []string{}},
		"a removal":             {func(d *Draft) error { return d.Remove("d/sub") }, []string{"d/", "-d/sub"}},
		"a removal of nothing":  {func(d *Draft) error { return d.Remove("no/where") }, []string{}},
		"a removal of the new":  {func(d *Draft) error { return errors.Join(d.Put(entryOf(tar.TypeReg, "n", "", "")), d.Remove("n")) }, []string{}},
		"a removal as an entry": {func(d *Draft) error { return d.Put(Removal("d/a")) }, []string{"d/", "-d/a"}},
		"an emptied directory":  {func(d *Draft) error { return d.Put(entryOf(tar.TypeReg, "d/"+opaqueMark, "", "")) }, []string{"d/", "-d/a", "-d/sub"}},
		"an emptied file":       {func(d *Draft) error { return d.Empty("f") }, []string{}},
		"an emptied nothing":    {func(d *Draft) error { return d.Empty("no/where") }, []string{}},
		"a directory made anew": {func(d *Draft) error {
			return errors.Join(d.Remove("d"), d.Put(entryOf(tar.TypeReg, "d/sub/n", "", "")))
		}, []string{"d/", "-d/a", "d/sub/", "d/sub/n", "-d/sub/x", "-d/sub/y"}},
		"a directory, a file, and a directory again": {func(d *Draft) error {
			return errors.Join(d.Put(entryOf(tar.TypeReg, "d", "", "")), d.Put(entryOf(tar.TypeDir, "d", "", "")))
		}, []string{"d/", "-d/a", "-d/sub"}},
		"a directory in place of a link": {func(d *Draft) error { return d.Put(entryOf(tar.TypeDir, "l", "", "")) }, []string{"l/"}},
		"a link to a new file": {func(d *Draft) error {
			return errors.Join(d.Put(entryOf(tar.TypeReg, "z", "", "")), d.Put(entryOf(tar.TypeLink, "a", "z", "")), d.Put(entryOf(tar.TypeLink, "d/a", "a", "")))
		}, []string{"a", "d/", "d/a = a", "z = a"}},
		"a link to a file below": {func(d *Draft) error { return d.Put(entryOf(tar.TypeLink, "n", "l/a", "")) }, []string{"n"}},
		"a link to a link":       {func(d *Draft) error { return d.Put(entryOf(tar.TypeLink, "n", "gone", "")) }, []string{"n -> /no/where"}},
	} {
		draft := NewDraft(below(t), epoch)
		if err := one.plan(draft); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := listed(t, draft); !slices.Equal(got, one.want) {
			t.Errorf("%s: got %q, wanted %q", name, got, one.want)
		}
		if draft.Changed() != (len(one.want) > 0) {
			t.Errorf("%s: changed is %v", name, draft.Changed())
		}
	}
}

func TestADraftRefusesWhatCannotBe(t *testing.T) {
	tree := below(t)
	if err := unix.Mknod(filepath.Join(tree.root.path, "socket"), unix.S_IFSOCK|0o600, 0); err != nil {
		t.Fatal(err)
	}
	for want, plan := range map[string]func(d *Draft) error{
		"is not a directory":          func(d *Draft) error { return d.Put(entryOf(tar.TypeReg, "f/x", "", "")) },
		"which is not there":          func(d *Draft) error { return d.Put(entryOf(tar.TypeLink, "n", "no", "")) },
		"which is a directory":        func(d *Draft) error { return d.Put(entryOf(tar.TypeLink, "n", "d", "")) },
		"cannot be removed":           func(d *Draft) error { return d.Remove(".") },
		"names that begin with .wh.":  func(d *Draft) error { return d.Put(entryOf(tar.TypeReg, "d/.wh.a/x", "", "")) },
		"which has no place in a lay": func(d *Draft) error { return d.Put(entryOf(tar.TypeLink, "n", "socket", "")) },
	} {
		if err := plan(NewDraft(tree, epoch)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, wanted %q", err, want)
		}
	}
}

func TestMoreFilesThanTheMostAreRefusedAlsoAsDirectoriesOnTheWay(t *testing.T) {
	full := func() *Draft {
		draft := NewDraft(below(t), epoch)
		draft.count = mostEntries - 2
		return draft
	}
	draft := full()
	for i := range 2 {
		if err := draft.Put(entryOf(tar.TypeReg, fmt.Sprint(i), "", "")); err != nil {
			t.Fatal(err)
		}
	}
	if err := draft.Put(entryOf(tar.TypeReg, "2", "", "")); !errors.Is(err, errTooMany) {
		t.Errorf("one file too many: %v", err)
	}
	if err := full().Put(entryOf(tar.TypeReg, "x/y/z/f", "", "")); !errors.Is(err, errTooMany) {
		t.Errorf("directories on the way: %v", err)
	}
	flow := NewFlow(below(t), epoch, func(*tar.Header) {})
	flow.passed = mostEntries - 2
	err := flow.Pass(entryOf(tar.TypeReg, "x/y/f", "", "").Header, nil, func(Entry) bool { return true })
	if !errors.Is(err, errTooMany) {
		t.Errorf("a stream that is passed on: %v", err)
	}
}

func TestADraftShowsTheFilesAsTheyWillBe(t *testing.T) {
	draft := NewDraft(below(t), epoch)
	err := errors.Join(draft.Remove("d/a"), draft.Put(entryOf(tar.TypeReg, "d/n", "", "new")), draft.Put(entryOf(tar.TypeLink, "m", "d/n", "")))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"d/a": "", "l/a": "", "l/n": "new", "m": "new", "d/sub/x": "2", "f": "4"} {
		_, file, err := Resolve(draft, name)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if file != nil {
			content, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(content)
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if got != want {
			t.Errorf("%s is %q, wanted %q", name, got, want)
		}
	}
	_, directory, err := Resolve(draft, "l")
	if err != nil {
		t.Fatal(err)
	}
	if names, err := draft.Names(directory); err != nil || !slices.Equal(names, []string{"n", "sub"}) {
		t.Errorf("d holds %q (%v)", names, err)
	}
}

// assertWell holds the list of a draft to what every layer keeps: order, one entry for a name, directories before what
// they hold, nothing below anything else, links to earlier names.
func assertWell(t testing.TB, draft *Draft) {
	t.Helper()
	last, kinds := "", map[string]byte{".": tar.TypeDir}
	for entry, err := range draft.Entries() {
		if err != nil {
			t.Fatal(err)
		}
		name := entry.Header.Name
		if hidden, is := removed(name); is {
			name = hidden
		}
		if last != "" && ByPlace(last, name) >= 0 {
			t.Errorf("%q comes behind %q", name, last)
		}
		last = name
		if kinds[path.Dir(name)] != tar.TypeDir {
			t.Errorf("%q is below something that is no directory, or not listed", name)
		}
		if entry.Header.Typeflag == tar.TypeLink {
			if kind, earlier := kinds[entry.Header.Linkname]; !earlier || kind == tar.TypeDir || kind == tar.TypeLink {
				t.Errorf("%q is a link to %q, which is not an earlier file", name, entry.Header.Linkname)
			}
		}
		kinds[name] = entry.Header.Typeflag
		if entry.Header.Typeflag == tar.TypeReg && name != entry.Header.Name {
			kinds[name] = 'w'
		}
	}
}
