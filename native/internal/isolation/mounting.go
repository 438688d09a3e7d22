package isolation

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// Paths of the host that no command needs to read, and those that none needs to write.
var (
	maskedPaths = []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
		"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"}
	readOnlyPaths = []string{"/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}
)

// restrictions are the flags of a mount that a user namespace may add, but not take away. statfs(2) has the same numbers.
const restrictions = unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

// mountAll makes the mounts of a command in a mount namespace of this thread.
func (j rootedJob) mountAll() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return mountError("making a mount namespace", "", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return mountError("keeping mounts private", "", err)
	}
	// The root of a mount namespace is a mount point.
	if err := bind(j.Root, j.Root, 0); err != nil {
		return err
	}
	for _, one := range []struct {
		path  string
		flags uintptr
	}{
		{"/dev", unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NOEXEC},
		{"/proc", 0},
		{"/sys", unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NODEV},
	} {
		if err := bind(one.path, filepath.Join(j.Root, one.path), one.flags); err != nil {
			return err
		}
	}
	// Where that is refused, the host's is there.
	_ = unix.Mount("shm", filepath.Join(j.Root, "dev/shm"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=1777,"+sharedMemory)
	j.restrict()
	for _, mount := range inOrder(j.Mounts) {
		if err := j.mount(mount); err != nil {
			return err
		}
	}
	return nil
}

// restrict hides what is hidden from containers too, as far as it is not hidden already: this process has no rights on it.
func (j rootedJob) restrict() {
	for _, path := range readOnlyPaths {
		at := filepath.Join(j.Root, path)
		_ = bind(at, at, unix.MS_RDONLY)
	}
	points, _ := mountPoints()
	for _, point := range points {
		if strings.HasPrefix(point, filepath.Join(j.Root, "sys")+"/") {
			_ = remount(point, unix.MS_RDONLY)
		}
	}
	for _, path := range maskedPaths {
		at := filepath.Join(j.Root, path)
		status, err := os.Stat(at)
		switch {
		case err != nil:
		case status.IsDir():
			_ = unix.Mount("none", at, "tmpfs", unix.MS_RDONLY, "size=0k")
		default:
			_ = unix.Mount("/dev/null", at, "", unix.MS_BIND, "")
		}
	}
}

// mount makes one mount of a command.
func (j rootedJob) mount(mount specs.Mount) error {
	target, missing, err := within(j.Root, mount.Destination)
	if err != nil {
		return mountError("finding the place of a mount", mount.Destination, err)
	}
	flags, data := flagsOf(mount.Options)
	switch mount.Type {
	case "tmpfs":
		if err := makeTarget(target, missing, true); err != nil {
			return mountError("mounting", mount.Destination, err)
		}
		if err := unix.Mount("tmpfs", target, "tmpfs", flags, data); err != nil {
			return mountError("mounting", mount.Destination, err)
		}
		return nil
	case "bind":
		status, err := os.Stat(mount.Source)
		if err == nil {
			err = makeTarget(target, missing, status.IsDir())
		}
		if err != nil {
			return mountError("mounting", mount.Destination, err)
		}
		return bind(mount.Source, target, flags)
	}
	return fmt.Errorf("mounting at %s: a mount of type %s is not known", mount.Destination, mount.Type)
}

// makeTarget makes what is missing in something that was mounted before.
func makeTarget(target string, missing []string, isDirectory bool) error {
	for _, name := range missing {
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if isDirectory {
		return os.Mkdir(target, 0o755)
	}
	return os.WriteFile(target, nil, 0o644)
}

// flagsOf divides options into flags and what a tmpfs reads itself.
func flagsOf(options []string) (flags uintptr, data string) {
	var kept []string
	for _, option := range options {
		switch option {
		case "ro":
			flags |= unix.MS_RDONLY
		case "nosuid":
			flags |= unix.MS_NOSUID
		case "nodev":
			flags |= unix.MS_NODEV
		case "noexec":
			flags |= unix.MS_NOEXEC
		default:
			if strings.HasPrefix(option, "mode=") || strings.HasPrefix(option, "size=") {
				kept = append(kept, option)
			}
		}
	}
	return flags, strings.Join(kept, ",")
}

// bind shows a directory and what is mounted in it, or a file, at another place too.
func bind(source, target string, flags uintptr) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return mountError("mounting "+source, target, err)
	}
	if err := unix.Mount("", target, "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return mountError("keeping a mount private", target, err)
	}
	return remount(target, flags)
}

// remount adds restrictions to those that a mount has.
func remount(target string, flags uintptr) error {
	var status unix.Statfs_t
	if err := unix.Statfs(target, &status); err != nil {
		return mountError("looking at the mount", target, err)
	}
	present := uintptr(status.Flags) & restrictions
	if flags&^present == 0 {
		return nil
	}
	if err := unix.Mount("", target, "", unix.MS_REMOUNT|unix.MS_BIND|present|flags, ""); err != nil {
		return mountError("restricting the mount", target, err)
	}
	return nil
}

// pivot makes the root directory that of the mount namespace, and lets go of the old one. Where the root cannot be turned,
// as in an initial RAM disk, it is changed.
func (j rootedJob) pivot() error {
	if err := unix.Chdir(j.Root); err != nil {
		return fmt.Errorf("changing to the root directory: %w", err)
	}
	if unix.PivotRoot(".", ".") != nil {
		if err := unix.Chroot("."); err != nil {
			return fmt.Errorf("changing the root directory: %w", err)
		}
		return nil
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return mountError("letting the old root go", "", err)
	}
	return unix.Chdir("/")
}

// mountError tells what was refused, and which policy may have done it.
func mountError(doing, target string, err error) error {
	err = reason(err)
	if target != "" {
		doing += " at " + target
	}
	if hint := (Denial{Call: "mount", Err: err}).Hint(host.Root("/")); hint != "" {
		return fmt.Errorf("%s: %w; %s", doing, err, hint)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// mountPoints lists where something is mounted.
func mountPoints() ([]string, error) {
	text, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	var points []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		// Spaces and the like are octal there.
		point, err := strconv.Unquote(`"` + strings.ReplaceAll(fields[4], `"`, `\"`) + `"`)
		if err != nil {
			point = fields[4]
		}
		points = append(points, point)
	}
	return points, nil
}
