package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.podman.io/storage/types"

	"slipway.dev/engine/internal/host"
)

func TestDriversAreTriedBestFirst(t *testing.T) {
	for _, test := range []struct {
		wish Wish
		want []Driver
	}{
		{Wish{}, []Driver{Overlay, FuseOverlayfs, VFS}},
		{Wish{Asked: "default"}, []Driver{Overlay, FuseOverlayfs, VFS}},
		{Wish{Asked: "auto", Ground: host.SingleID, Unmounted: true}, []Driver{Plain}},
		{Wish{Asked: "overlay"}, []Driver{Overlay, FuseOverlayfs}},
		{Wish{Asked: "fuse-overlayfs"}, []Driver{FuseOverlayfs}},
		{Wish{Asked: "vfs"}, []Driver{VFS}},
		{Wish{Asked: "vfs", Ground: host.Plain, Unmounted: true}, []Driver{VFS}},
		{Wish{Asked: "plain"}, []Driver{Plain}},
		{Wish{Asked: "plain", Ground: host.Bare, Unmounted: true}, []Driver{Plain}},
	} {
		if got, err := test.wish.drivers(); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q, %v", test.wish, got, err)
		}
	}
}

func TestADriverThatDoesNotFitIsRefusedWithWhatWouldDo(t *testing.T) {
	for _, test := range []struct {
		wish Wish
		want string
	}{
		{Wish{Asked: "overlay", Unmounted: true}, "storage driver overlay needs mounts and a range of ids"},
		{Wish{Asked: "fuse-overlayfs", Ground: host.Plain, Unmounted: true}, "storage driver fuse-overlayfs needs mounts"},
		{Wish{Asked: "vfs", Ground: host.SingleID, Unmounted: true}, "vfs cannot keep the owners"},
	} {
		_, err := test.wish.drivers()
		var obstacle *host.Obstacle
		if !errors.As(err, &obstacle) || !strings.Contains(obstacle.Message, test.want) || obstacle.Remedy != unset {
			t.Errorf("%+v: got %v", test.wish, err)
		}
	}
	_, err := (Wish{Asked: "btrfs"}).drivers()
	var unknown *UnknownDriverError
	if !errors.As(err, &unknown) {
		t.Errorf("an unknown driver: %v", err)
	}
}

func TestOnlyDriversThatCanUseWhatIsThereAreLeft(t *testing.T) {
	for _, test := range []struct {
		wish    Wish
		present []string
		want    []Driver
	}{
		{Wish{}, nil, []Driver{Overlay, FuseOverlayfs, VFS}},
		{Wish{}, []string{"vfs"}, []Driver{VFS}},
		{Wish{}, []string{"overlay"}, []Driver{Overlay, FuseOverlayfs}},
		// The kernel would not see what fuse-overlayfs has removed.
		{Wish{}, []string{"fuse-overlayfs"}, []Driver{FuseOverlayfs}},
		{Wish{Asked: "overlay"}, []string{"fuse-overlayfs"}, []Driver{FuseOverlayfs}},
		{Wish{}, []string{"plain"}, []Driver{Plain}},
		{Wish{}, []string{"overlay", "plain"}, []Driver{Overlay, FuseOverlayfs}},
		{Wish{Unmounted: true}, []string{"overlay"}, []Driver{Plain}},
		{Wish{}, []string{"btrfs"}, nil},
		{Wish{Asked: "vfs"}, []string{"overlay"}, nil},
		{Wish{Asked: "plain"}, []string{"overlay"}, nil},
	} {
		candidates, err := test.wish.drivers()
		if err != nil {
			t.Fatal(err)
		}
		if got := test.wish.fitting(candidates, test.present); !slices.Equal(got, test.want) {
			t.Errorf("%+v with %q: got %q", test.wish, test.present, got)
		}
	}
}

func TestTheDriverOfAStoreShowsInItsDirectory(t *testing.T) {
	root := t.TempDir()
	if got := presentDrivers(root); len(got) != 0 {
		t.Errorf("an empty directory: %q", got)
	}
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("vfs-layers/layers.json", "")
	if got := presentDrivers(root); !slices.Equal(got, []string{"vfs"}) {
		t.Errorf("got %q", got)
	}
	write("overlay-layers/layers.json", "")
	write(fuseMark, "true")
	if got := presentDrivers(root); !slices.Equal(got, []string{"fuse-overlayfs", "vfs"}) {
		t.Errorf("got %q", got)
	}
}

func TestAStoreOfAnotherDriverIsNamedWithItsWayOut(t *testing.T) {
	root := t.TempDir()
	if err := errors.Join(os.Mkdir(root+"/vfs-layers", 0o700), os.WriteFile(root+"/vfs-layers/layers.json", nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err := OpenAt(types.StoreOptions{GraphRoot: root, RunRoot: root + "/run"}, Wish{Asked: "overlay"})
	var mismatch *MismatchError
	if !errors.As(err, &mismatch) || mismatch.Error() != "the store "+root+" was made with driver vfs, but overlay was asked for" ||
		!strings.Contains(mismatch.Remedy(), "set WERF_BUILDAH_STORAGE_DRIVER=vfs") || !strings.Contains(mismatch.Remedy(), "CONTAINERS_STORAGE_CONF") {
		t.Errorf("got %v", err)
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
