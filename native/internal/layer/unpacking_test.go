package layer

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tarOfEntries is a tar of headers; plain files hold their own name.
func tarOfEntries(t *testing.T, headers ...tar.Header) *Archive {
	t.Helper()
	var text bytes.Buffer
	written := tar.NewWriter(&text)
	for _, header := range headers {
		if header.Mode == 0 {
			header.Mode = 0o644
		}
		header.ModTime = epoch
		if header.Typeflag == tar.TypeReg {
			header.Size = int64(len(header.Name))
		}
		if err := written.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := written.Write([]byte(header.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := written.Close(); err != nil {
		t.Fatal(err)
	}
	return NewArchive(&text)
}

func regular(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }

func TestALayerFromElsewhereIsUnpackedInAnyOrder(t *testing.T) {
	directory := filepath.Join(t.TempDir(), diffName)
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	size, err := Unpack(tarOfEntries(t,
		regular("late/parent/file"),
		tar.Header{Typeflag: tar.TypeDir, Name: "late", Mode: 0o2750, Uid: 7, Gid: 8},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "lib", Linkname: "usr/lib"},
		tar.Header{Typeflag: tar.TypeDir, Name: "usr/lib", Mode: 0o755},
		regular("lib/through-the-link"),
		tar.Header{Typeflag: tar.TypeLink, Name: "second", Linkname: "late/parent/file"},
		regular("twice"), tar.Header{Typeflag: tar.TypeSymlink, Name: "twice", Linkname: "second"},
		tar.Header{Typeflag: tar.TypeDir, Name: "was/directory", Mode: 0o755}, regular("was"),
		regular("gone/.wh.file"), regular("gone/.wh..wh..opq"), regular(".wh..wh.plnk"),
		tar.Header{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3},
	), directory)
	if err != nil || size == 0 {
		t.Fatal(size, err)
	}
	for name, want := range map[string]string{"usr/lib/through-the-link": "lib/through-the-link", "was": "was", "second": "late/parent/file"} {
		if got, err := os.ReadFile(filepath.Join(directory, name)); string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	var status unix.Stat_t
	if err := unix.Lstat(filepath.Join(directory, "late"), &status); err != nil || status.Mode&0o7777 != 0o2750 || status.Uid != 7 || status.Gid != 8 || status.Mtim.Sec != epoch.Unix() {
		t.Errorf("%+v, %v", status, err)
	}
	if err := unix.Lstat(filepath.Join(directory, "null"), &status); err != nil || status.Rdev != unix.Mkdev(1, 3) {
		t.Errorf("the device: %+v, %v", status, err)
	}
	names, err := readNames(filepath.Join(directory, "gone"))
	if err != nil || !slices.Equal(names, []string{".wh..wh..opq", ".wh.file"}) {
		t.Errorf("%q, %v", names, err)
	}
}

func TestALayerFromElsewhereCannotLeadOut(t *testing.T) {
	outside := t.TempDir()
	for name, headers := range map[string][]tar.Header{
		"an absolute link":       {{Typeflag: tar.TypeSymlink, Name: "out", Linkname: outside}, regular("out/file")},
		"a relative link":        {{Typeflag: tar.TypeSymlink, Name: "out", Linkname: strings.Repeat("../", 40) + outside[1:]}, regular("out/file")},
		"a link made over a way": {{Typeflag: tar.TypeDir, Name: "out", Mode: 0o755}, regular("out/x"), {Typeflag: tar.TypeSymlink, Name: "out", Linkname: outside}, regular("out/file")},
		"a hard link":            {{Typeflag: tar.TypeSymlink, Name: "out", Linkname: outside}, {Typeflag: tar.TypeLink, Name: "file", Linkname: "out/secret"}},
	} {
		directory := filepath.Join(t.TempDir(), diffName)
		if err := os.Mkdir(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Unpack(tarOfEntries(t, headers...), directory)
		if _, found := os.Lstat(filepath.Join(outside, "file")); found == nil {
			t.Errorf("%s led out (%v)", name, err)
		}
	}
}

// writeSidecar unpacks as a process does that can give nothing away.
func writeSidecar(t *testing.T, headers ...tar.Header) string {
	t.Helper()
	directory := filepath.Join(t.TempDir(), diffName)
	if err := os.Mkdir(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	kept := newSidecar(directory)
	onto := &writer{root: directory, markers: true, beside: kept}
	archive := tarOfEntries(t, headers...)
	for range headers {
		header, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		u := &unpacking{writer: *onto, made: map[string]bool{".": true}}
		if err := u.one(header, archive); err != nil {
			t.Fatal(err)
		}
	}
	if err := kept.save(); err != nil {
		t.Fatal(err)
	}
	return directory
}

func TestWhatTheDiskCannotSayIsKeptBesideALayerAndItsWorkingTree(t *testing.T) {
	layer := writeSidecar(t,
		tar.Header{Typeflag: tar.TypeDir, Name: "home", Uid: 1000, Gid: 1000, Mode: 0o700},
		tar.Header{Typeflag: tar.TypeReg, Name: "home/file", Uid: 1000, Gid: 50, Mode: 0o4711},
		tar.Header{Typeflag: tar.TypeLink, Name: "home/linked", Linkname: "home/file"},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "home/link", Linkname: "file", Uid: 33, Gid: 34},
		regular("rooted"),
	)
	kept, err := sidecarOf(layer)
	if err != nil || kept == nil {
		t.Fatal(kept, err)
	}
	tree, err := newWorkingTree(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tree.owners = newOwned(map[ledgerKey]ledgerOwner{})
	if err := tree.fill("one", part{layer, kept}); err != nil {
		t.Fatal(err)
	}
	stacked, err := newTree([]part{{layer, kept}})
	if err != nil {
		t.Fatal(err)
	}
	room, err := tree.room()
	if err != nil {
		t.Fatal(err)
	}
	if err := room.Tell(); err != nil {
		t.Fatal(err)
	}
	// What a command does: a rename keeps the owner, a new file of the old name does not get it.
	if err := os.Rename(filepath.Join(tree.root, "home/link"), filepath.Join(tree.root, "moved")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree.root, "home/link"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := room.Learn(); err != nil {
		t.Fatal(err)
	}
	plain, err := room.Tree()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		of       *Tree
		name     string
		uid, gid uint32
	}{
		{stacked, "home", 1000, 1000}, {stacked, "home/file", 1000, 50}, {stacked, "home/linked", 1000, 50}, {stacked, "home/link", 33, 34}, {stacked, "rooted", 0, 0},
		{plain, "home", 1000, 1000}, {plain, "home/file", 1000, 50}, {plain, "home/linked", 1000, 50}, {plain, "moved", 33, 34}, {plain, "home/link", 0, 0}, {plain, "rooted", 0, 0},
	} {
		node, err := want.of.find(want.name)
		if err != nil {
			t.Fatal(want.name, err)
		}
		if node.Stat.Uid != want.uid || node.Stat.Gid != want.gid {
			t.Errorf("%s: %d:%d, wanted %d:%d", want.name, node.Stat.Uid, node.Stat.Gid, want.uid, want.gid)
		}
	}
	file, err := plain.find("home/file")
	if err != nil || file.Stat.Mode&0o7777 != 0o4711 {
		t.Errorf("%+v, %v", file, err)
	}
}
