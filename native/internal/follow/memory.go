package follow

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	pageSize = 4096
	// piece is how much of a name is read at a time.
	piece = 256
)

// transfer copies between this process and the one that asks.
func (w *worker) transfer(call uintptr, local []byte, remote []unix.RemoteIovec) (int, unix.Errno) {
	here := unix.Iovec{Base: &local[0]}
	here.SetLen(len(local))
	moved, _, errno := unix.Syscall6(call, uintptr(w.asked.Pid), uintptr(unsafe.Pointer(&here)), 1,
		uintptr(unsafe.Pointer(&remote[0])), uintptr(len(remote)), 0)
	if errno == unix.EPERM || errno == unix.ENOSYS {
		w.refuseMemory(errno)
	}
	return int(moved), errno
}

// read fills a buffer from the memory of the process that asks.
func (w *worker) read(address uint64, buffer []byte) bool {
	if len(buffer) == 0 {
		return true
	}
	remote := [1]unix.RemoteIovec{{Base: uintptr(address), Len: len(buffer)}}
	read, errno := w.transfer(unix.SYS_PROCESS_VM_READV, buffer, remote[:])
	return errno == 0 && read == len(buffer)
}

// write puts bytes into the memory of the process that asks.
func (w *worker) write(address uint64, text []byte) bool {
	if len(text) == 0 {
		return true
	}
	remote := [1]unix.RemoteIovec{{Base: uintptr(address), Len: len(text)}}
	written, errno := w.transfer(unix.SYS_PROCESS_VM_WRITEV, text, remote[:])
	return errno == 0 && written == len(text)
}

// readName reads text that ends with a zero, which the buffer gets too. -1: it cannot be read, or is too long.
func (w *worker) readName(address uint64, buffer []byte) int {
	for length := 0; length < len(buffer); {
		size := min(piece, len(buffer)-length)
		// What lies behind the end of a page may not be there, and need not.
		first := min(size, pageSize-int(address%pageSize))
		remote := [2]unix.RemoteIovec{{Base: uintptr(address), Len: first}, {Base: uintptr(address) + uintptr(first), Len: size - first}}
		count := 2
		if first == size {
			count = 1
		}
		read, errno := w.transfer(unix.SYS_PROCESS_VM_READV, buffer[length:length+size], remote[:count])
		if errno != 0 || read <= 0 {
			return -1
		}
		if end := bytes.IndexByte(buffer[length:length+read], 0); end >= 0 {
			return length + end
		}
		length += read
		address += uint64(read)
	}
	return -1
}

func (w *worker) writeID(address uint64, id uint32) bool {
	var text [4]byte
	binary.NativeEndian.PutUint32(text[:], id)
	return w.write(address, text[:])
}
