package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"slipway.dev/engine/internal/host"
)

// Driver is how layers are stacked.
type Driver string

// The drivers, best first.
const (
	Overlay       Driver = "overlay"
	FuseOverlayfs Driver = "fuse-overlayfs"
	VFS           Driver = "vfs"
	// Plain needs no mount: layers are directories of changes, put together by copying. It is for where nothing can be
	// mounted, and for who asks for it by name.
	Plain Driver = "plain"
)

// Wish is what the store's driver has to fit.
type Wish struct {
	// Asked is the value of WERF_BUILDAH_STORAGE_DRIVER.
	Asked string
	// Unmounted says that run steps can mount nothing or have a single id: drivers that mount do not fit.
	Unmounted bool
	// Ground is where this process stands.
	Ground host.Standing
}

// errDriverValue is what an unknown WERF_BUILDAH_STORAGE_DRIVER gets.
const errDriverValue = "unexpected storage driver %q: use auto, default, overlay, fuse-overlayfs, vfs or plain"

// unset is the remedy for a driver that was asked for and does not fit.
const unset = "leave WERF_BUILDAH_STORAGE_DRIVER unset, or set it to plain"

// free says that no driver was asked for by name.
func (w Wish) free() bool { return w.Asked == "" || w.Asked == "auto" || w.Asked == "default" }

// drivers lists those to try, best first.
func (w Wish) drivers() ([]Driver, error) {
	var drivers []Driver
	switch {
	case w.free() && w.Unmounted:
		return []Driver{Plain}, nil
	case w.free():
		return []Driver{Overlay, FuseOverlayfs, VFS}, nil
	case w.Asked == "overlay":
		drivers = []Driver{Overlay, FuseOverlayfs}
	case slices.Contains([]Driver{FuseOverlayfs, VFS, Plain}, Driver(w.Asked)):
		drivers = []Driver{Driver(w.Asked)}
	default:
		return nil, &UnknownDriverError{fmt.Errorf(errDriverValue, w.Asked)}
	}
	if obstacle := w.unfit(drivers[0]); obstacle != nil {
		return nil, obstacle
	}
	return drivers, nil
}

// unfit says why a driver cannot serve where nothing is mounted. Nil: it can.
func (w Wish) unfit(driver Driver) *host.Obstacle {
	switch {
	case !w.Unmounted || driver == Plain:
		return nil
	case driver == VFS && (w.Ground == host.Plain || w.Ground == host.AsRoot):
		return nil
	case driver == VFS:
		return &host.Obstacle{Code: Unusable, Message: "storage driver vfs cannot keep the owners of files here, where this process has a single id", Remedy: unset}
	}
	return &host.Obstacle{
		Code:    Unusable,
		Message: fmt.Sprintf("storage driver %s needs mounts and a range of ids, which this environment does not allow", driver),
		Remedy:  unset,
	}
}

// library is the name the driver has in the store.
func (d Driver) library() string {
	if d == FuseOverlayfs {
		return string(Overlay)
	}
	return string(d)
}

// options are those of storage.conf that fit the driver, and the program that mounts where the kernel is not asked to.
func (d Driver) options(configured []string) ([]string, error) {
	options := keep(configured, d.library()+".")
	if d != Overlay && d != FuseOverlayfs {
		return options, nil
	}
	options = slices.DeleteFunc(options, func(assignment string) bool {
		return strings.HasPrefix(strings.TrimPrefix(assignment, "overlay."), "mount_program=")
	})
	if d == Overlay {
		return options, nil
	}
	program, err := exec.LookPath("fuse-overlayfs")
	if err != nil {
		return nil, fmt.Errorf("fuse-overlayfs is not installed: %w", bareName(err))
	}
	if err := openable("/dev/fuse"); err != nil {
		return nil, err
	}
	if contained() && option(options, "mountopt") == "" {
		options = append(options, "overlay.mountopt=nodev,fsync=0")
	}
	return append(options, "overlay.mount_program="+program), nil
}

// bareName leaves the name of a program out of an error that names it already.
func bareName(err error) error {
	var missing *exec.Error
	if errors.As(err, &missing) {
		return missing.Err
	}
	return err
}

// keep leaves out options of other drivers: `name=value` belongs to all of them, `driver.name=value` to one.
func keep(options []string, prefix string) []string {
	var kept []string
	for _, option := range options {
		name, _, _ := strings.Cut(option, "=")
		if !strings.Contains(name, ".") || strings.HasPrefix(name, prefix) {
			kept = append(kept, option)
		}
	}
	return kept
}

func openable(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("opening %s: %w", path, errors.Unwrap(err))
	}
	return file.Close()
}

// presentDrivers tells which drivers' layers lie in the directory, by the names that the drivers have in it.
func presentDrivers(graphRoot string) (present []string) {
	for _, name := range []string{"overlay", "vfs", "plain", "btrfs", "zfs"} {
		if _, err := os.Stat(filepath.Join(graphRoot, name+"-layers", "layers.json")); err == nil {
			present = append(present, name)
		}
	}
	if slices.Contains(present, "overlay") && fuseMade(graphRoot) {
		present[0] = string(FuseOverlayfs)
	}
	return present
}

// fuseMark is the file by which the library remembers that a program mounted the store's layers. It then uses that
// program even when the kernel is asked for: the whiteouts that it made mean nothing to the kernel.
const fuseMark = "overlay/.has-mount-program"

func fuseMade(graphRoot string) bool {
	text, err := os.ReadFile(filepath.Join(graphRoot, fuseMark))
	return err == nil && strings.TrimSpace(string(text)) == "true"
}

// fitting leaves the drivers that can use what is in the directory already. Layers of plain lie beside those of others,
// so where no driver was asked for it always fits, and it stays where it has been.
func (w Wish) fitting(candidates []Driver, present []string) []Driver {
	if len(present) == 0 || w.free() && w.Unmounted {
		return candidates
	}
	if w.free() && slices.Equal(present, []string{string(Plain)}) {
		return []Driver{Plain}
	}
	return slices.DeleteFunc(slices.Clone(candidates), func(d Driver) bool {
		return !slices.Contains(present, string(d)) && (d != FuseOverlayfs || !slices.Contains(present, d.library()))
	})
}
