package layer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

type (
	ledgerKey   = ledger.Key
	ledgerOwner = ledger.Owner
)

// filled is a working tree of layers, each in a directory of its own.
func filled(t *testing.T, layers ...map[string]string) *workingTree {
	t.Helper()
	tree, err := newWorkingTree(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range layers {
		if err := tree.fill("", part{path: put(t, t.TempDir(), files)}); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func namesBelow(t *testing.T, directory string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(directory, func(at string, _ os.DirEntry, err error) error {
		names = append(names, strings.TrimPrefix(at, directory))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestAWorkingTreeHasWhatTheLayersShowTogether(t *testing.T) {
	tree := filled(t,
		map[string]string{"a": "1", "d/x": "1", "d/y": "1", "o/old": "1", "was/deep/er": "1", "f": "1"},
		map[string]string{"d/.wh.x": "", "o/.wh..wh..opq": "", "o/new": "2", "was": "now a file", "f": "dir", "f/in": "2", "link": "-> d"},
	)
	if got, want := namesBelow(t, tree.root), " /a /d /d/y /f /f/in /link /o /o/new /was"; got != want {
		t.Errorf("it has %s, wanted %s", got, want)
	}
}

// changesOf lists what is new in a tree after something happened in it: `name` or, where it is gone, `-name`.
func changesOf(t *testing.T, tree *workingTree, below string, happens func(root string)) []string {
	t.Helper()
	base, err := NewTree(below)
	if err != nil {
		t.Fatal(err)
	}
	found := &comparison{below: base, epoch: time.Now(), begun: time.Now()}
	if found.places, err = placesIn(tree.root); err != nil {
		t.Fatal(err)
	}
	if found.since, err = now(tree.directory); err != nil {
		t.Fatal(err)
	}
	// Times of files have the grain of the kernel's ticks.
	time.Sleep(20 * time.Millisecond)
	happens(tree.root)
	if err := found.compare(tree.root); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range found.list {
		if one.now == nil {
			names = append(names, "-"+one.name)
		} else if !one.same {
			names = append(names, one.name)
		}
	}
	return names
}

func TestWhatWasMovedInAWholeCopyIsFoundThoughItsTimesAreOld(t *testing.T) {
	files := map[string]string{"a/one": "1", "a/sub/x": "1", "b/one": "2", "b/sub/y": "1"}
	below := put(t, t.TempDir(), files)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, one := range map[string]struct {
		happens func(root string)
		want    []string
	}{
		"nothing": {func(string) {}, nil},
		"two directories change places": {func(root string) {
			must(os.Rename(filepath.Join(root, "a"), filepath.Join(root, "c")))
			must(os.Rename(filepath.Join(root, "b"), filepath.Join(root, "a")))
			must(os.Rename(filepath.Join(root, "c"), filepath.Join(root, "b")))
		}, []string{"a/one", "-a/sub/x", "a/sub/y", "b/one", "b/sub/x", "-b/sub/y"}},
		"a file moves": {func(root string) {
			must(os.Rename(filepath.Join(root, "a/one"), filepath.Join(root, "b/two")))
		}, []string{"-a/one", "b/two"}},
		"something is moved aside and back": {func(root string) {
			must(os.Rename(filepath.Join(root, "a"), filepath.Join(root, "aside")))
			must(os.Mkdir(filepath.Join(root, "a"), 0o755))
			must(os.Remove(filepath.Join(root, "a")))
			must(os.Rename(filepath.Join(root, "aside"), filepath.Join(root, "a")))
		}, nil},
		"a mode changes": {func(root string) { must(os.Chmod(filepath.Join(root, "b/one"), 0o600)) }, []string{"b/one"}},
	} {
		tree, err := newWorkingTree(t.TempDir())
		must(err)
		must(tree.fill("", part{path: below}))
		got := slices.DeleteFunc(changesOf(t, tree, below, one.happens), func(name string) bool {
			// Only their times are new.
			return name == "a" || name == "b" || name == "."
		})
		if !slices.Equal(got, one.want) {
			t.Errorf("%s: %q, wanted %q", name, got, one.want)
		}
	}
}

func TestTheTreeThatNeedsLeastIsTaken(t *testing.T) {
	idle := &idleTrees{}
	var trees []*workingTree
	for _, layer := range []string{"one", "other", "two"} {
		tree := filled(t)
		tree.layer = layer
		trees = append(trees, tree)
		if err := idle.put(tree); err != nil {
			t.Fatal(err)
		}
	}
	if got := idle.take([]string{"one", "two", "three"}); got != trees[2] {
		t.Errorf("took %+v", got)
	}
	if got := idle.take([]string{"one", "two", "three"}); got != trees[0] {
		t.Errorf("took %+v", got)
	}
	if got := idle.take([]string{"one"}); got != nil {
		t.Errorf("took %+v", got)
	}
	for i := range mostIdleTrees {
		if err := idle.put(filled(t)); err != nil {
			t.Fatal(i, err)
		}
	}
	if _, err := os.Stat(trees[1].directory); !os.IsNotExist(err) {
		t.Errorf("the tree that waited longest is still there: %v", err)
	}
}

func TestACopyHasAllThatTheFileInTheLayerHas(t *testing.T) {
	from := put(t, t.TempDir(), map[string]string{"f": "text", "d": "dir", "l": "-> f"})
	at := filepath.Join(from, "f")
	for _, err := range []error{
		unix.Lchown(at, 12, 13), unix.Chmod(at, 0o6751), unix.Lsetxattr(at, "user.a", []byte("1"), 0), os.Link(at, filepath.Join(from, "d/second")),
		unix.Mkfifo(filepath.Join(from, "pipe"), 0o600), unix.Mknod(filepath.Join(from, "null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))),
		os.Truncate(at, 50<<20), setTime(at, epoch), unix.Lchown(filepath.Join(from, "l"), 7, 8),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tree, err := newWorkingTree(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.fill("", part{path: from}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "f", "d", "d/second", "l", "pipe", "null"} {
		var want, got unix.Stat_t
		if unix.Lstat(filepath.Join(from, name), &want) != nil || unix.Lstat(filepath.Join(tree.root, name), &got) != nil {
			t.Fatal(name)
		}
		if got.Mode != want.Mode || got.Uid != want.Uid || got.Gid != want.Gid || got.Rdev != want.Rdev || got.Mtim != want.Mtim || (got.Nlink != want.Nlink) {
			t.Errorf("%s: %+v, wanted %+v", name, got, want)
		}
	}
	var status unix.Stat_t
	if err := unix.Lstat(filepath.Join(tree.root, "f"), &status); err != nil || status.Blocks*blockSize > 1<<20 || status.Size != 50<<20 {
		t.Errorf("holes: %+v, %v", status, err)
	}
	found, err := attributes(byPath(filepath.Join(tree.root, "f")))
	if err != nil || found["user.a"] != "1" {
		t.Errorf("%q, %v", found, err)
	}
}
