package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// tryMounts mounts and unmounts what builds need: a file system and a directory at another place. The mount namespace
// must be one that nobody else sees.
func tryMounts() error {
	for _, place := range []string{"/tmp", "/dev", "/proc", "/etc", "/"} {
		if status, err := os.Stat(place); err != nil || !status.IsDir() {
			continue
		}
		if err := unix.Mount("slipway", place, "tmpfs", 0, "size=64k"); err != nil {
			return fmt.Errorf("mounting tmpfs at %s: %w", place, err)
		}
		defer func() { _ = unix.Unmount(place, unix.MNT_DETACH) }()
		inner := filepath.Join(place, "bound")
		if err := os.Mkdir(inner, 0o700); err != nil {
			return fmt.Errorf("writing to tmpfs: %w", err)
		}
		if err := unix.Mount(place, inner, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("binding a directory: %w", err)
		}
		return nil
	}
	return errors.New("no directory to try a mount at")
}

// keepFromHost lets mounts of the host arrive in this mount namespace, and none go back.
func keepFromHost() error {
	err := unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, "")
	if err == nil {
		return nil
	}
	if !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("changing how mounts spread: %w", err)
	}
	// The root of a chroot need not be a mount: then those below it are asked one by one.
	for line := range strings.Lines(Root("/").read("/proc/self/mountinfo")) {
		if fields := strings.Fields(line); len(fields) > 4 {
			_ = unix.Mount("", fields[4], "", unix.MS_SLAVE, "")
		}
	}
	return nil
}

// inOwnMounts runs on a thread with a mount namespace of its own, which ends with it.
func inOwnMounts(run func() error) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread must not serve anything else.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
			result <- fmt.Errorf("unshare(CLONE_NEWNS): %w", err)
			return
		}
		if err := keepFromHost(); err != nil {
			result <- err
			return
		}
		if err := tryMounts(); err != nil {
			result <- err
			return
		}
		result <- run()
	}()
	return <-result
}

// tryNamespace makes a user namespace for a moment. The program it should start is none, so that only the kernel's first
// answer counts.
func tryNamespace() error {
	pid, err := syscall.ForkExec("", []string{NothingCommand}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS},
	})
	if err == nil {
		_, _ = syscall.Wait4(pid, nil, 0, nil)
	}
	if err == nil || errors.Is(err, syscall.ENOENT) {
		return nil
	}
	return fmt.Errorf("clone(CLONE_NEWUSER): %w", err)
}

// errNoDirectory says that no place for a trial can be written.
var errNoDirectory = errors.New("no directory can be written")

// errDevice wraps what goes wrong with a device that was made.
var errDevice = errors.New("the device cannot be used")

// tryPlain makes a device, gives it away and changes the root to its directory. The process must have no other use: its
// root stays changed.
func tryPlain() error {
	failed := errNoDirectory
	for _, place := range []string{os.TempDir(), "/var/tmp", "/run", "/dev/shm", os.Getenv("HOME"), "/"} {
		err := tryPlainIn(place)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errNoDirectory) {
			failed = err
		}
		if !errors.Is(err, errNoDirectory) && !errors.Is(err, errDevice) {
			return err
		}
	}
	return failed
}

func tryPlainIn(place string) error {
	directory, err := os.MkdirTemp(place, ".slipway-trial-")
	if err != nil || place == "" {
		return errNoDirectory
	}
	above, err := os.Open(filepath.Dir(directory))
	if err != nil {
		return errors.Join(errNoDirectory, os.RemoveAll(directory))
	}
	defer above.Close()
	device := filepath.Join(directory, "null")
	defer func() {
		// After the chroot the directory is reached from the one above it.
		_ = unix.Unlinkat(int(above.Fd()), filepath.Base(directory)+"/null", 0)
		_ = unix.Unlinkat(int(above.Fd()), filepath.Base(directory), unix.AT_REMOVEDIR)
	}()
	if err := unix.Mknod(device, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))); err != nil {
		return fmt.Errorf("mknod: %w", err)
	}
	if err := unix.Lchown(device, 33, 33); err != nil {
		return fmt.Errorf("chown: %w", err)
	}
	opened, err := os.OpenFile(device, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("opening a device in %s: %w: %w", place, err, errDevice)
	}
	opened.Close()
	if err := unix.Chroot(directory); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if _, err := os.Lstat("/null"); err != nil {
		return fmt.Errorf("chroot: looking around: %w", err)
	}
	return nil
}
