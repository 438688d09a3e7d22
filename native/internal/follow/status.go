package follow

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// syncType is AT_STATX_SYNC_TYPE.
const syncType = unix.AT_STATX_FORCE_SYNC | unix.AT_STATX_DONT_SYNC

// lookFlags are the flags of a question about a file.
const lookFlags = unix.AT_SYMLINK_NOFOLLOW | unix.AT_EMPTY_PATH | unix.AT_NO_AUTOMOUNT | syncType

func (w *worker) playFstat() answer {
	if w.notes.none() || !w.locateHandle(int32(w.asked.Args[0])) {
		return pass
	}
	return w.tellPlain(w.asked.Args[1], 0)
}

func (w *worker) playFstatat() answer {
	return w.tellStat(int32(w.asked.Args[0]), w.asked.Args[1], w.asked.Args[2], int(int32(w.asked.Args[3])))
}

func (w *worker) tellStat(dirfd int32, name, address uint64, flags int) answer {
	if !w.find(dirfd, name, flags) {
		return pass
	}
	return w.tellPlain(address, flags)
}

// find locates what a question is about, if there is anything that the kernel does not know.
func (w *worker) find(dirfd int32, name uint64, flags int) bool {
	return !w.notes.none() && flags&^lookFlags == 0 && w.locate(dirfd, name, flags)
}

func (w *worker) tellPlain(address uint64, flags int) answer {
	if !w.examine(flags, statusMask) {
		return pass
	}
	plainStatus(&w.status, &w.plain)
	return w.told(address, unsafe.Slice((*byte)(unsafe.Pointer(&w.plain)), unsafe.Sizeof(w.plain)))
}

func (w *worker) playStatx() answer {
	flags, mask := int(int32(w.asked.Args[2])), uint32(w.asked.Args[3])
	if mask&unix.STATX__RESERVED != 0 || !w.find(int32(w.asked.Args[0]), w.asked.Args[1], flags) {
		return pass
	}
	if !w.examine(flags, mask|statusMask) {
		return pass
	}
	return w.told(w.asked.Args[4], unsafe.Slice((*byte)(unsafe.Pointer(&w.status)), unsafe.Sizeof(w.status)))
}

// examine leaves the status as the process should see it. Not: the kernel's own is right.
func (w *worker) examine(flags int, mask uint32) bool {
	if !w.look(flags, mask) {
		return false
	}
	owner, noted := w.notes.find(&w.status)
	if !noted || !w.confirmed(flags) {
		return false
	}
	w.status.Uid, w.status.Gid = owner.UID, owner.GID
	if owner.Mode != 0 {
		w.status.Mode = uint16(owner.Mode)
		w.status.Rdev_major, w.status.Rdev_minor = unix.Major(owner.Rdev), unix.Minor(owner.Rdev)
	}
	return true
}

// confirmed says that the way to the file is the same for the process.
func (w *worker) confirmed(flags int) bool {
	if w.place.handle {
		return true
	}
	fd, errno := w.open(flags & unix.AT_SYMLINK_NOFOLLOW)
	if errno != 0 {
		return false
	}
	unix.Close(fd)
	return true
}

// told writes an answer into the process.
func (w *worker) told(address uint64, text []byte) answer {
	if !w.valid() || !w.write(address, text) {
		return pass
	}
	return done
}

func moment(at unix.StatxTimestamp) unix.Timespec {
	return unix.Timespec{Sec: at.Sec, Nsec: int64(at.Nsec)}
}
