package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"
)

// anotherKind is for file systems that do not do what layers need.
const anotherKind = "ext4, xfs or btrfs for the store's directory"

// mountRemedy is what makes a driver that mounts possible.
func (g *trialGround) mountRemedy(driver Driver, err error) string {
	var mounting *mountError
	switch {
	case isFull(err) || errors.Is(err, unix.EDQUOT):
		_, remedy := g.place.explain(err)
		return remedy
	case driver == FuseOverlayfs && errors.As(err, &mounting):
		return g.place.fuseMountRemedy(err)
	case g.place.stacked():
		return fmt.Sprintf("a place for the store that is not on %s: %s", g.place.kind, g.place.another())
	case g.place.remote():
		return "a place for the store on a local disk: " + elsewhere
	case errors.As(err, &mounting) && errors.Is(err, unix.ENODEV):
		return "`sudo modprobe overlay`, or " + g.place.fuseAdvice()
	case errors.As(err, &mounting) && errors.Is(err, fs.ErrPermission):
		return g.place.deniedRemedy(rootless())
	}
	return anotherKind
}

// libraryRemedy is for what the storage library objects to although the trial was passed: often it is not the driver.
func (g *trialGround) libraryRemedy(driver Driver, err error) string {
	if isFull(err) || g.place.stacked() || g.place.remote() {
		return g.mountRemedy(driver, err)
	}
	return ""
}

// deniedRemedy is for a kernel or a container that refuses overlay mounts, cheapest first; older kernels do so to users.
func (f filesystem) deniedRemedy(user bool) string {
	if f.contained() {
		return "`docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined`, or " + f.fuseAdvice()
	}
	if user {
		return fmt.Sprintf("%s; or kernel 5.13 or later, which lets users mount overlay (this is %s)", f.fuseAdvice(), release())
	}
	return f.fuseAdvice()
}

// fuseAdvice is how fuse-overlayfs gets possible.
func (f filesystem) fuseAdvice() string {
	_, missing := exec.LookPath("fuse-overlayfs")
	switch {
	case f.contained() && missing == nil:
		return "`docker run --device /dev/fuse`"
	case f.contained():
		return "the package fuse-overlayfs in the image and `docker run --device /dev/fuse`"
	case missing == nil:
		return "/dev/fuse (`sudo modprobe fuse`)"
	}
	return "the package fuse-overlayfs and /dev/fuse (`sudo modprobe fuse`)"
}

// fuseRemedy is what makes fuse-overlayfs possible that could not even be started.
func (f filesystem) fuseRemedy(err error) string {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "install the package fuse-overlayfs"
	case errors.Is(err, fs.ErrPermission) && f.contained():
		return "`docker run --device /dev/fuse`; in a pod a device plugin, or privileged"
	case errors.Is(err, fs.ErrPermission):
		return "`sudo chmod 666 /dev/fuse`"
	case f.contained():
		return "`docker run --device /dev/fuse`"
	}
	return "`sudo modprobe fuse`"
}

func (f filesystem) fuseMountRemedy(err error) string {
	switch {
	case strings.Contains(err.Error(), "/dev/fuse"):
		return f.fuseRemedy(fs.ErrNotExist)
	case f.contained():
		return "`docker run --device /dev/fuse --security-opt seccomp=unconfined --security-opt apparmor=unconfined`"
	}
	return "kernel 4.18 or later and fuse-overlayfs 1.0 or later, or " + anotherKind
}

// ownersRemedy is for file systems that have no owners, or whose server refuses them.
func (g *trialGround) ownersRemedy() string {
	if g.place.kind == "nfs" || g.place.kind == "nfs4" {
		return "a local disk for the store: " + elsewhere + "; or no_root_squash at the server; or WERF_BUILDAH_STORAGE_DRIVER=plain, which keeps owners beside the files"
	}
	return g.place.another() + "; or WERF_BUILDAH_STORAGE_DRIVER=plain, which keeps owners beside the files"
}

// release is the kernel's version.
func release() string {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(name.Release[:])
}
