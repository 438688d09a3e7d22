package store

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestDriversAreTriedBestFirst(t *testing.T) {
	for asked, want := range map[string][]Driver{
		"":               {Overlay, FuseOverlayfs, VFS},
		"default":        {Overlay, FuseOverlayfs, VFS},
		"overlay":        {Overlay, FuseOverlayfs},
		"fuse-overlayfs": {FuseOverlayfs},
		"vfs":            {VFS},
	} {
		if got, err := driversFor(asked); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %v", asked, got, err)
		}
	}
	if _, err := driversFor("btrfs"); err == nil {
		t.Error("an unknown driver was accepted")
	}
}

func TestOnlyDriversThatCanUseWhatIsThereAreLeft(t *testing.T) {
	all := []Driver{Overlay, FuseOverlayfs, VFS}
	if got := fitting(all, "vfs"); !slices.Equal(got, []Driver{VFS}) {
		t.Errorf("got %q", got)
	}
	if got := fitting(all, "overlay"); !slices.Equal(got, []Driver{Overlay, FuseOverlayfs}) {
		t.Errorf("got %q", got)
	}
	if got := fitting([]Driver{VFS}, "overlay"); len(got) != 0 {
		t.Errorf("got %q", got)
	}
}

func TestTheDriverOfAStoreShowsInItsDirectory(t *testing.T) {
	root := t.TempDir()
	if got := presentDriver(root); got != "" {
		t.Errorf("an empty directory: %q", got)
	}
	if err := os.MkdirAll(filepath.Join(root, "vfs-layers"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "vfs-layers", "layers.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := presentDriver(root); got != "vfs" {
		t.Errorf("got %q", got)
	}
}

func TestOptionsOfOtherDriversAreLeftOut(t *testing.T) {
	configured := []string{"overlay.mount_program=/x", "overlay.mountopt=nodev", "vfs.ignore_chown_errors=true", "general=1"}
	got, err := Overlay.options(configured)
	if err != nil || !slices.Equal(got, []string{"overlay.mountopt=nodev", "general=1"}) {
		t.Errorf("overlay: %q, %v", got, err)
	}
	got, err = VFS.options(configured)
	if err != nil || !slices.Equal(got, []string{"vfs.ignore_chown_errors=true", "general=1"}) {
		t.Errorf("vfs: %q, %v", got, err)
	}
}

func TestNamesWithoutARegistryAreLocal(t *testing.T) {
	for name, want := range map[string]string{
		"project":                  "localhost/project:latest",
		"project:1":                "localhost/project:1",
		"group/project:1":          "localhost/group/project:1",
		"localhost/project:1":      "localhost/project:1",
		"example.com/project":      "example.com/project:latest",
		"localhost:5000/project:1": "localhost:5000/project:1",
	} {
		if got, err := LocalName(name); err != nil || got != want {
			t.Errorf("%s: got %s, %v", name, got, err)
		}
	}
	if _, err := LocalName("Project::"); err == nil {
		t.Error("a bad name was accepted")
	}
}

func TestAnOwnerIsAliveUntilItsProcessEnds(t *testing.T) {
	root := t.TempDir()
	made, err := newOwner(root)
	if err != nil {
		t.Fatal(err)
	}
	if !alive(root, made.name) {
		t.Error("it looks dead while it runs")
	}
	// What the end of a process does to its files.
	if err := made.file.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(root, made.name) {
		t.Error("it looks alive after its end")
	}
	if alive(root, made.name) {
		t.Error("the dead are not signed out")
	}
}

func TestTheOwnerIsInTheNameOfAContainer(t *testing.T) {
	for name, want := range map[string]string{
		"debian-werf.build.ABC.DEF.":   "ABC",
		"debian-werf.build.ABC.DEF.-2": "ABC",
		"debian-working-container":     "",
	} {
		if got := ownerOf(name); got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestAConfigurationTellsItsFactsSorted(t *testing.T) {
	facts, err := ReadConfiguration([]byte(`{"os":"linux","architecture":"arm64","variant":"v8","created":"2023-11-14T22:13:20Z",
		"config":{"Labels":{"b":"2","a":"1"},"OnBuild":["RUN x"],"User":"u"},"rootfs":{"diff_ids":["sha256:aa"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if facts.Platform != "linux/arm64/v8" || facts.Created != "2023-11-14T22:13:20Z" || facts.User != "u" ||
		facts.Labels[0].Name != "a" || !slices.Equal(facts.OnBuild, []string{"RUN x"}) || !slices.Equal(facts.DiffIds, []string{"sha256:aa"}) {
		t.Errorf("got %+v", facts)
	}
}
