package store

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"slipway.dev/engine/internal/host"
)

// driversByTrial are stores in different surroundings, and what is said about them.
var driversByTrial = []struct {
	name string
	// only is root or user; empty: both.
	only   string
	wish   Wish
	chosen Driver
	// said are lines, of which `#` stands for anything.
	said   []string
	unsaid []string
}{
	{name: "ext4", chosen: Overlay, said: []string{
		"trial overlay: true", "trial fuse-overlayfs: true", "trial vfs: true", "trial plain: true", "why: driver overlay works here\n",
	}, unsaid: []string{"warning: ", "fix: ", "limit: "}},
	{name: "ext4", wish: Wish{Asked: "vfs"}, chosen: VFS, said: []string{
		"why: driver vfs works here\n", "warning: storage driver vfs copies every layer in full#WERF_BUILDAH_STORAGE_DRIVER=auto",
	}},
	{name: "ext4", wish: Wish{Asked: "fuse-overlayfs"}, chosen: FuseOverlayfs, said: []string{"why: driver fuse-overlayfs works here\n"}},
	{name: "ext4", wish: Wish{Asked: "overlay", Unmounted: true, Ground: host.SingleID}, said: []string{
		"trial overlay: false storage driver overlay needs mounts and a range of ids", "trial plain: true",
		"error: storage driver overlay needs mounts#", "remedy: leave WERF_BUILDAH_STORAGE_DRIVER unset, or set it to plain",
	}},
	{name: "tmpfs", chosen: Overlay, said: []string{"why: driver overlay works here (the store is on tmpfs mounted at #: it takes memory"}, unsaid: []string{"warning: "}},
	{name: "noexec", chosen: Overlay, said: []string{
		"trial vfs: true\nlimit: programs do not run from the store #(tmpfs#): run steps fail (#permission denied); #exec",
	}, unsaid: []string{"warning: "}},
	{name: "noexec", wish: Wish{Asked: "vfs"}, chosen: VFS, said: []string{"warning: programs do not run from the store #exec"}},
	{name: "nosuid", chosen: Overlay, said: []string{"trial vfs: true\nlimit: #is mounted nosuid: programs such as sudo and su get no rights in run steps; #suid"}},
	{name: "nosuid", only: "root", wish: Wish{Asked: "vfs", Unmounted: true, Ground: host.Plain}, chosen: VFS, said: []string{
		"warning: #is mounted nodev: /dev/null and other devices do not work in run steps; #dev",
	}},
	{name: "read-only", said: []string{"error: the store # cannot be made: #(ext4 mounted at #) is read-only", "remedy: #CONTAINERS_STORAGE_CONF"}},
	{name: "full", said: []string{"error: the store #(tmpfs mounted at #) is full: 0 MB of 1 MB are free: write: no space left on device", "remedy: free some space there"}},
	{name: "few files", said: []string{"error: the store #is full: no more than its 4 files fit (inodes)", "remedy: free some space there"}},
	{name: "not ours", only: "user", said: []string{"error: the store # cannot be made: # refuses this user (it belongs to another user, mode 0755; this is uid 51234)", "remedy: set HOME"}},
	{name: "ramfs", chosen: FuseOverlayfs, said: []string{
		"trial overlay: false marking an opaque directory (attribute #overlay.opaque): operation not supported\nfix: ext4, xfs or btrfs",
		"why: driver fuse-overlayfs, as others failed: overlay: marking an opaque directory", "warning: # keeps no extended attributes",
	}},
	{name: "overlay", chosen: FuseOverlayfs, said: []string{
		"trial overlay: false on overlay mounted at #: mount: invalid argument\nfix: a place for the store that is not on overlay: #graphroot",
		"trial fuse-overlayfs: true", "why: driver fuse-overlayfs, as others failed: overlay: on overlay",
	}},
	{name: "overlay", wish: Wish{Asked: "overlay"}, chosen: FuseOverlayfs},
	{name: "root of a container", chosen: FuseOverlayfs, said: []string{
		"fix: a place for the store that is not on overlay: mount a volume for the store: #slipway-store:#",
		"trial fuse-overlayfs: true",
	}},
	{name: "neither", chosen: VFS, said: []string{
		"trial fuse-overlayfs: false fuse-overlayfs is not installed", "fix: install the package fuse-overlayfs",
		"why: driver vfs, as others failed: overlay: on overlay#; fuse-overlayfs: fuse-overlayfs is not installed",
		"warning: storage driver vfs #overlay becomes possible with a place for the store that is not on overlay#; or install the package fuse-overlayfs",
	}},
	{name: "neither", wish: Wish{Asked: "overlay"}, said: []string{
		"error: storage driver overlay does not work in #: overlay: on overlay#; fuse-overlayfs: fuse-overlayfs is not installed",
		"remedy: a place for the store that is not on overlay#; or install the package fuse-overlayfs",
	}},
	{name: "no fuse device", chosen: Overlay, said: []string{"trial fuse-overlayfs: false opening /dev/fuse: no such file or directory\nfix: #fuse`"}},
	{name: "no fuse device", wish: Wish{Asked: "fuse-overlayfs"}, said: []string{
		"error: storage driver fuse-overlayfs does not work in #: opening /dev/fuse: no such file or directory", "remedy: #fuse`",
	}},
	{name: "fuse for root alone", only: "user", chosen: Overlay, said: []string{
		"trial fuse-overlayfs: false opening /dev/fuse: permission denied\nfix: #/dev/fuse`",
	}},
	{name: "made by vfs", chosen: VFS, said: []string{
		"trial overlay: false it works here, but the store was made with driver vfs\nfix: set WERF_BUILDAH_STORAGE_DRIVER=vfs, or #CONTAINERS_STORAGE_CONF",
		"why: driver vfs, as the store was made with it\n", "warning: storage driver vfs #overlay becomes possible with another, empty directory",
	}},
	{name: "made by vfs", wish: Wish{Asked: "overlay"}, said: []string{"error: the store # was made with driver vfs, but overlay was asked for"}},
	{name: "made by fuse", chosen: FuseOverlayfs, said: []string{"why: driver fuse-overlayfs, as the store was made with it"}},
	// The library would believe its own record of it until the next boot.
	{name: "remembered failure", chosen: Overlay, said: []string{"why: driver overlay works here"}},
}

func TestDriversAreTriedInTheStore(t *testing.T) {
	for _, test := range driversByTrial {
		for _, who := range []string{"root", "user"} {
			if test.only != "" && test.only != who {
				continue
			}
			t.Run(fmt.Sprintf("%s, %s %s", test.name, who, test.wish.Asked), func(t *testing.T) {
				got := played(t, scene{Name: test.name, User: who == "user", Wish: test.wish})
				text := got.text()
				if got.Driver != test.chosen {
					t.Errorf("%q was chosen, not %q", got.Driver, test.chosen)
				}
				for _, said := range test.said {
					if !matches(text, said) {
						t.Errorf("%q is not said", said)
					}
				}
				for _, unsaid := range test.unsaid {
					if matches(text, unsaid) {
						t.Errorf("%q is said", unsaid)
					}
				}
				if t.Failed() {
					t.Log(text)
				}
			})
		}
	}
}

// matches finds a text that begins a line, of which `#` stands for a part of the line.
func matches(text, wanted string) bool {
	pattern := regexp.QuoteMeta(wanted)
	return regexp.MustCompile(`(?m)^` + strings.ReplaceAll(pattern, "#", ".*")).MatchString(text)
}

// text is all that people could see of it.
func (o outcome) text() string {
	var text strings.Builder
	for _, trial := range o.Trials {
		text.WriteString(strings.TrimSpace(fmt.Sprintf("trial %s: %t %s", trial.Driver, trial.OK, trial.Error)) + "\n")
		if trial.Fix != "" {
			fmt.Fprintf(&text, "fix: %s\n", trial.Fix)
		}
		for _, limit := range trial.Limits {
			fmt.Fprintf(&text, "limit: %s\n", limit)
		}
	}
	fmt.Fprintf(&text, "why: %s\n", o.Why)
	for _, warning := range o.Warnings {
		fmt.Fprintf(&text, "warning: %s\n", warning)
	}
	fmt.Fprintf(&text, "error: %s\nremedy: %s\n", o.Message, o.Remedy)
	return text.String()
}
