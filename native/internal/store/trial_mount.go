package store

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"go.podman.io/storage/pkg/mount"
	"go.podman.io/storage/pkg/unshare"
	"golang.org/x/sys/unix"
)

// fuseWait is how long fuse-overlayfs may take to mount.
const fuseWait = 10 * time.Second

// stack is two layers and what is written over them, to be mounted for a trial.
type stack struct {
	// bottom and top are the layers below, upper takes the changes, work is the kernel's, merged shows all.
	bottom, top, upper, work, merged string
}

func stackIn(directory string) stack {
	return stack{directory + "/bottom", directory + "/top", directory + "/upper", directory + "/work", directory + "/merged"}
}

func (s stack) data() string {
	return fmt.Sprintf("lowerdir=%s:%s,upperdir=%s,workdir=%s", s.top, s.bottom, s.upper, s.work)
}

// mountNative mounts as the storage library does with these options of storage.conf.
func (s stack) mountNative(mountOptions string) (unmount func(), err error) {
	data := s.data()
	if unshare.IsRootless() {
		data += ",userxattr"
	}
	flags, extra := mount.ParseOptions(mountOptions)
	if extra != "" {
		data += "," + extra
	}
	if err := unix.Mount("overlay", s.merged, "overlay", uintptr(flags), data); err != nil {
		return nil, err
	}
	return func() { _ = unix.Unmount(s.merged, unix.MNT_DETACH) }, nil
}

// mountError says that the kernel or a program refused to mount.
type mountError struct{ error }

// Error says that this was a mount.
func (e *mountError) Error() string { return fmt.Sprintf("mount: %v", e.error) }

// Unwrap gives the kernel's error.
func (e *mountError) Unwrap() error { return e.error }

// mountFuse runs the program in the foreground, so that it ends with this process.
func (s stack) mountFuse(program, mountOptions string) (unmount func(), err error) {
	data := s.data()
	if mountOptions != "" {
		data += "," + mountOptions
	}
	var said bytes.Buffer
	command := exec.Command(program, "-f", "-o", data, s.merged)
	command.Stderr = &said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended, err := startLocked(command)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	stop := func() {
		_ = unix.Unmount(s.merged, unix.MNT_DETACH)
		select {
		case <-ended:
		case <-time.After(fuseWait):
			_ = command.Process.Kill()
			<-ended
		}
	}
	for deadline := time.Now().Add(fuseWait); time.Now().Before(deadline); {
		var status unix.Statfs_t
		if unix.Statfs(s.merged, &status) == nil && int64(status.Type) == unix.FUSE_SUPER_MAGIC {
			return stop, nil
		}
		select {
		case err := <-ended:
			return nil, fuseError(said.String(), err)
		case <-time.After(2 * time.Millisecond):
		}
	}
	_ = command.Process.Kill()
	<-ended
	return nil, fmt.Errorf("%s has not mounted after %s", program, fuseWait)
}

// startLocked starts a program from a thread that lives until it ends: the program's death signal comes with the death
// of the thread, not of the process. The channel gets the end, and is closed then.
func startLocked(command *exec.Cmd) (<-chan error, error) {
	started, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		if err := command.Start(); err != nil {
			started <- err
			return
		}
		close(started)
		ended <- command.Wait()
	}()
	return ended, <-started
}

func fuseError(said string, err error) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	switch {
	case last != "" && err != nil:
		return fmt.Errorf("%s (%w)", last, err)
	case last != "":
		return errors.New(last)
	case err != nil:
		return fmt.Errorf("it ended without a word: %w", err)
	}
	return errors.New("it ended without having mounted")
}
