package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Driver is how layers are stacked.
type Driver string

// The drivers, best first.
const (
	Overlay       Driver = "overlay"
	FuseOverlayfs Driver = "fuse-overlayfs"
	VFS           Driver = "vfs"
)

// errDriverValue is what an unknown WERF_BUILDAH_STORAGE_DRIVER gets.
const errDriverValue = "unexpected storage driver %q: use auto, default, overlay, fuse-overlayfs or vfs"

// driversFor lists the drivers to try for the value of WERF_BUILDAH_STORAGE_DRIVER, best first.
func driversFor(asked string) ([]Driver, error) {
	switch asked {
	case "", "auto", "default":
		return []Driver{Overlay, FuseOverlayfs, VFS}, nil
	case "overlay":
		return []Driver{Overlay, FuseOverlayfs}, nil
	case "fuse-overlayfs":
		return []Driver{FuseOverlayfs}, nil
	case "vfs":
		return []Driver{VFS}, nil
	}
	return nil, fmt.Errorf(errDriverValue, asked)
}

// library is the name the driver has in the store.
func (d Driver) library() string {
	if d == VFS {
		return "vfs"
	}
	return "overlay"
}

// options are those of storage.conf that fit the driver, and the program that mounts where the kernel is not asked to.
func (d Driver) options(configured []string) ([]string, error) {
	if d == VFS {
		return keep(configured, "vfs."), nil
	}
	options := slices.DeleteFunc(keep(configured, "overlay."), func(option string) bool {
		return strings.HasPrefix(option, "overlay.mount_program=")
	})
	if d == Overlay {
		return options, nil
	}
	program, err := exec.LookPath("fuse-overlayfs")
	if err != nil {
		return nil, errors.New("fuse-overlayfs is not installed")
	}
	if err := openable("/dev/fuse"); err != nil {
		return nil, err
	}
	return append(options, "overlay.mount_program="+program), nil
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
		return fmt.Errorf("opening %s: %w", path, err)
	}
	return file.Close()
}

// presentDriver tells which driver's layers lie in the directory; empty: none yet.
func presentDriver(graphRoot string) string {
	for _, name := range []string{"overlay", "vfs", "btrfs", "zfs"} {
		if _, err := os.Stat(filepath.Join(graphRoot, name+"-layers", "layers.json")); err == nil {
			return name
		}
	}
	return ""
}

// fitting leaves the drivers that can use what is in the directory already.
func fitting(candidates []Driver, present string) []Driver {
	if present == "" {
		return candidates
	}
	return slices.DeleteFunc(slices.Clone(candidates), func(d Driver) bool { return d.library() != present })
}
