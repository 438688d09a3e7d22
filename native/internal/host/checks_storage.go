package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func (x examination) fuse() Check {
	const id, title = "fuse-overlayfs", "fuse-overlayfs and /dev/fuse"
	program := x.program("fuse-overlayfs")
	err := usable(x.root.path("/dev/fuse"))
	switch {
	case program == "" && err != nil:
		return bad(Limited, id, title, "neither is there", x.at.Install(fusePackage), x.fuseDevice()).withError(err)
	case program == "":
		return bad(Limited, id, title, "the program is not installed", x.at.Install(fusePackage))
	case err != nil:
		return bad(Limited, id, title, "the device cannot be opened", x.fuseDevice()).withError(err)
	}
	return good(id, title, program)
}

func (x examination) fuseDevice() string {
	return x.at.orOnHost("`sudo modprobe fuse` and `sudo chmod 666 /dev/fuse`", fuseChange)[0]
}

// usable opens a device as those do who use it.
func usable(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, err)
	}
	return unix.Close(fd)
}

func (x examination) network() Check {
	const id, title = "network", "network of a command's own (pasta or slirp4netns, /dev/net/tun)"
	helper := x.program("pasta")
	if helper == "" {
		helper = x.program("slirp4netns")
	}
	err := usable(x.root.path("/dev/net/tun"))
	install := x.at.Install(Package{Debian: "passt"})
	device := x.at.orOnHost("`sudo modprobe tun` and `sudo chmod 666 /dev/net/tun`", tunChange)[0]
	switch {
	case helper == "" && err != nil:
		return bad(Limited, id, title, "neither is there, commands use the host's network", install, device).withError(err)
	case helper == "":
		return bad(Limited, id, title, "no program is installed, commands use the host's network", install)
	case err != nil:
		return bad(Limited, id, title, "the device cannot be opened, commands use the host's network", device).withError(err)
	}
	return good(id, title, helper)
}

// leastFree is the part of a file system, in percent, that should be free, leastMiB what images need at least.
const (
	leastFree = 5
	leastMiB  = 512
)

func (x examination) space() Check {
	const id, title = "space", "free space of the store"
	if x.site.Store == "" {
		return good(id, title, "the store's directory is not known")
	}
	directory := x.existing(x.site.Store)
	free, whole, err := FreeSpace(x.root.path(directory))
	if err != nil {
		return bad(Missing, id, title, "unknown").withError(err)
	}
	found := fmt.Sprintf("%d MiB of %d MiB", free>>20, whole>>20)
	if scarce(free, whole) {
		return bad(Limited, id, title, fmt.Sprintf("%s: less than %d %% or %d MiB are free", found, leastFree, leastMiB),
			"free some space below "+directory, "put the store elsewhere: `graphroot` in a storage.conf that CONTAINERS_STORAGE_CONF names")
	}
	return good(id, title, found)
}

func scarce(free, whole uint64) bool {
	return whole > 0 && (free*100 < whole*leastFree || free < leastMiB<<20)
}

// existing is a directory or the nearest above it that exists.
func (x examination) existing(directory string) string {
	for directory != "/" && directory != "." {
		if _, err := os.Stat(x.root.path(directory)); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		directory = filepath.Dir(directory)
	}
	return directory
}

// remote are file systems over a network, foreign those of Windows: none of them keeps owners of a user namespace.
var (
	remote  = []string{"nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "lustre", "afs"}
	foreign = []string{"9p", "drvfs", "vboxsf", "fuse.vmhgfs-fuse", "ntfs", "ntfs3", "fuseblk", "vfat", "exfat", "virtiofs"}
)

func (x examination) storePlace() Check {
	const id, title = "store-place", "file system of the store"
	if x.site.Store == "" {
		return good(id, title, "the store's directory is not known")
	}
	at := x.root.mountOf(x.site.Store)
	elsewhere := "put the store on a local disk: `graphroot` in a storage.conf that CONTAINERS_STORAGE_CONF names"
	windows := x.at.Place == OnWSL1 || x.at.Place == OnWSL2
	switch {
	case windows && strings.HasPrefix(x.site.Store, "/mnt/") && slices.Contains(foreign, at.kind):
		return bad(Missing, id, title, x.site.Store+" lies on a drive of Windows ("+at.kind+")",
			"use a directory of the Linux file system, such as ~/.local/share/containers/storage")
	case slices.Contains(remote, at.kind):
		return bad(Missing, id, title, at.kind+" keeps no owners of a user namespace", elsewhere)
	case slices.Contains(foreign, at.kind):
		return bad(Missing, id, title, at.kind+" keeps no Unix owners and attributes", elsewhere)
	case at.has("ro"):
		return bad(Missing, id, title, at.kind+" at "+at.point+" is mounted read-only", elsewhere)
	case at.has("noexec"):
		return bad(Limited, id, title, at.kind+" at "+at.point+" is mounted noexec: only with overlay can commands of images start", elsewhere,
			fmt.Sprintf("`sudo mount -o remount,exec %s`", at.point))
	case at.has("nodev"):
		return bad(Limited, id, title, at.kind+" at "+at.point+" is mounted nodev: devices in images cannot be used", elsewhere)
	case at.kind == "overlay":
		return bad(Limited, id, title, "overlay: the kernel refuses another overlay on it",
			x.at.orOnHost(elsewhere, storeVolume(x.site.Store))[0])
	case at.kind == "":
		return good(id, title, "unknown")
	}
	return good(id, title, at.kind+" at "+at.point)
}
