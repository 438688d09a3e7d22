package follow

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Install puts the filter on the calling thread, which must be locked and call execve next, and returns the listener's
// descriptor (closed by execve). From then on the thread waits for the supervisor in every call that is followed, execve
// among them. Without CAP_SYS_ADMIN in its user namespace the thread gives up new privileges (PR_SET_NO_NEW_PRIVS).
func Install() (listener int, err error) {
	code := program(followed())
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	listener, err = install(flags, code)
	if errors.Is(err, unix.EINVAL) { // before 5.19: signals interrupt the wait
		flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
		listener, err = install(flags, code)
	}
	if errors.Is(err, unix.EACCES) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return -1, fmt.Errorf("giving up new privileges: %w", err)
		}
		listener, err = install(flags, code)
	}
	if errors.Is(err, unix.EBUSY) {
		return -1, fmt.Errorf("the process is watched by another seccomp supervisor already: %w", err)
	}
	if err != nil {
		return -1, fmt.Errorf("installing the seccomp filter that follows owners: %w", err)
	}
	return listener, nil
}

func install(flags uintptr, code []unix.SockFilter) (int, error) {
	filter := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	listener, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&filter)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return -1, errno
	}
	return int(listener), nil
}
