package isolation

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// tryEmptyNetwork makes a network namespace for a moment, in a child of its own: a policy may kill who asks for one. The
// child has nothing to execute, so an error about that tells that the namespace was made.
func tryEmptyNetwork() error {
	pid, err := syscall.ForkExec("/proc/self/exe/nothing", []string{"nothing"}, &syscall.ProcAttr{
		Sys: &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNET},
	})
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOENT):
		return nil
	case err == nil:
		var status syscall.WaitStatus
		_, _ = syscall.Wait4(pid, &status, 0, nil)
		err = fmt.Errorf("the process that tried it was ended: %v", status.Signal())
	}
	return fmt.Errorf("network none is not possible here: an empty network namespace cannot be made: %w", os.NewSyscallError("unshare", err))
}

// raiseLoopback makes 127.0.0.1 usable in a new network namespace. It has no other address.
func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening a socket for lo: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("naming lo: %w", err)
	}
	request.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("setting lo up: %w", err)
	}
	return nil
}
