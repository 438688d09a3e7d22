package follow

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// notification is struct seccomp_notif.
type notification struct {
	ID    uint64
	Pid   uint32
	Flags uint32
	Call  int32
	Arch  uint32
	IP    uint64
	Args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	ID    uint64
	Value int64
	Error int32
	Flags uint32
}

// addition is struct seccomp_notif_addfd.
type addition struct {
	ID         uint64
	Flags      uint32
	Source     uint32
	Number     uint32
	NumberFlag uint32
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	return errno
}

// quickIoctl is for requests that never wait.
func quickIoctl(fd int, request uintptr, argument unsafe.Pointer) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
	return errno
}

// statx without the copying of names; name ends with a zero.
func statx(at int, name *byte, flags int, mask uint32, status *unix.Statx_t) unix.Errno {
	for {
		_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(at), uintptr(unsafe.Pointer(name)), uintptr(flags), uintptr(mask),
			uintptr(unsafe.Pointer(status)), 0)
		if errno != unix.EINTR {
			return errno
		}
	}
}

func openat(at int, name *byte, flags int, mode uint32) (int, unix.Errno) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(name)), uintptr(flags), uintptr(mode), 0, 0)
		if errno != unix.EINTR {
			return int(fd), errno
		}
	}
}

func openat2(at int, name *byte, how *unix.OpenHow) (int, unix.Errno) {
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(at), uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(how)),
			unsafe.Sizeof(*how), 0, 0)
		if errno != unix.EINTR && errno != unix.EAGAIN {
			return int(fd), errno
		}
	}
}

// statusOf asks about an open file.
func statusOf(fd int, status *unix.Statx_t) unix.Errno {
	var empty byte
	return statx(fd, &empty, unix.AT_EMPTY_PATH, statusMask, status)
}
