package follow

import (
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// unchanged is an id of -1.
const unchanged = ^uint32(0)

func (w *worker) playFchown() answer {
	if !w.locateHandle(int32(w.asked.Args[0])) {
		return pass
	}
	return w.give(uint32(w.asked.Args[1]), uint32(w.asked.Args[2]), 0)
}

func (w *worker) playFchownat() answer {
	return w.chown(int32(w.asked.Args[0]), w.asked.Args[1], uint32(w.asked.Args[2]), uint32(w.asked.Args[3]), int(int32(w.asked.Args[4])))
}

func (w *worker) chown(dirfd int32, name uint64, uid, gid uint32, flags int) answer {
	if flags&^(unix.AT_SYMLINK_NOFOLLOW|unix.AT_EMPTY_PATH) != 0 || !w.locate(dirfd, name, flags) {
		return pass
	}
	return w.give(uid, gid, flags&unix.AT_SYMLINK_NOFOLLOW)
}

// give gives the place to an owner.
func (w *worker) give(uid, gid uint32, nofollow int) answer {
	fd, errno := w.open(nofollow)
	if errno != 0 {
		return pass
	}
	if statusOf(fd, &w.status) != 0 {
		unix.Close(fd)
		return pass
	}
	owner := w.notes.owner(&w.status)
	who := w.identity()
	if !who.mayGive(owner, uid, gid) || w.losesSetID() && !who.mayChangeMode(owner) {
		unix.Close(fd)
		return fail(unix.EPERM)
	}
	if !w.valid() {
		unix.Close(fd)
		return pass
	}
	// The kernel takes set-id bits and capabilities away, and refuses what is read-only.
	if errno := touch(fd, uid, gid); errno != 0 {
		unix.Close(fd)
		w.refuse("chown")
		return fail(errno)
	}
	if uid != unchanged {
		owner.UID = uid
	}
	if gid != unchanged {
		owner.GID = gid
	}
	owner.Mode = withoutSetID(owner.Mode)
	w.note(fd, owner)
	return done
}

// losesSetID: a chown, of whatever kind, changes the mode of the file that was asked about.
func (w *worker) losesSetID() bool {
	mode := uint32(w.status.Mode)
	return mode&unix.S_IFMT != unix.S_IFDIR && mode != withoutSetID(mode)
}

// mayChangeMode is the kernel's rule: the owner may.
func (i *identity) mayChangeMode(owner ledger.Owner) bool {
	return i.user.fs == owner.UID || i.capabilities.has(unix.CAP_FOWNER)
}

// withoutSetID is what a mode becomes with the owner. The kernel sees to those that are on the disk.
func withoutSetID(mode uint32) uint32 {
	if mode&unix.S_IXGRP != 0 {
		mode &^= unix.S_ISGID
	}
	return mode &^ unix.S_ISUID
}

// touch is the chown that the kernel can do: to the one id there is.
func touch(fd int, uid, gid uint32) unix.Errno {
	one := func(id uint32) int {
		if id == unchanged {
			return -1
		}
		return 0
	}
	err := unix.Fchownat(fd, "", one(uid), one(gid), unix.AT_EMPTY_PATH)
	errno, _ := err.(unix.Errno)
	return errno
}

// note writes down the owner of the file whose status was asked last, and takes its O_PATH descriptor over.
func (w *worker) note(fd int, owner ledger.Owner) {
	if w.notes.set(&w.status, owner) {
		w.refuse("chown outside of the root's file system")
	}
	w.pins.keep(fd, &w.status)
}

// mayGive is the kernel's rule: root may, an owner may choose among the groups that it is in.
func (i *identity) mayGive(owner ledger.Owner, uid, gid uint32) bool {
	if i.capabilities.has(unix.CAP_CHOWN) {
		return true
	}
	mine := i.user.fs == owner.UID
	mayUser := uid == unchanged || mine && uid == owner.UID
	mayGroup := gid == unchanged || mine && (gid == owner.GID || i.in(gid))
	return mayUser && mayGroup
}

func (w *worker) playFchmod() answer {
	if w.modesAreReal() || !w.locateHandle(int32(w.asked.Args[0])) {
		return pass
	}
	return w.allow(uint32(w.asked.Args[1]), 0)
}

func (w *worker) playFchmodat() answer {
	return w.chmod(int32(w.asked.Args[0]), w.asked.Args[1], uint32(w.asked.Args[2]), 0)
}

func (w *worker) playFchmodat2() answer {
	return w.chmod(int32(w.asked.Args[0]), w.asked.Args[1], uint32(w.asked.Args[2]), int(int32(w.asked.Args[3])))
}

func (w *worker) chmod(dirfd int32, name uint64, mode uint32, flags int) answer {
	if w.modesAreReal() || !w.locate(dirfd, name, flags) {
		return pass
	}
	return w.allow(mode, flags&unix.AT_SYMLINK_NOFOLLOW)
}

// modesAreReal: there is no process that may not, and no device whose mode is noted.
func (w *worker) modesAreReal() bool { return w.people.same() && w.notes.devices.Load() == 0 }

// allow is chmod. The kernel does it; here stands who may, and the mode of devices that are noted.
func (w *worker) allow(mode uint32, flags int) answer {
	if !w.look(flags, statusMask) || !w.confirmed(flags) {
		return pass
	}
	owner, who := w.notes.owner(&w.status), w.identity()
	if !who.mayChangeMode(owner) && deviceOf(&w.status) == w.device {
		return fail(unix.EPERM)
	}
	foreign := mode&unix.S_ISGID != 0 && !who.capabilities.has(unix.CAP_FSETID) && !who.in(owner.GID)
	if foreign {
		mode &^= unix.S_ISGID
	}
	if owner.Mode != 0 {
		owner.Mode = owner.Mode&unix.S_IFMT | mode&0o7777
		w.notes.set(&w.status, owner)
	}
	if foreign {
		return w.changeMode(mode, flags)
	}
	return pass
}

// changeMode does what the kernel would do for a user.
func (w *worker) changeMode(mode uint32, nofollow int) answer {
	fd, errno := w.open(nofollow)
	if errno != 0 {
		return pass
	}
	defer unix.Close(fd)
	var room [prefixRoom]byte
	name := append(appendNumber(append(room[:0], "self/fd/"...), fd), 0)
	_, _, errno = unix.Syscall(unix.SYS_FCHMODAT, uintptr(w.proc), uintptr(unsafe.Pointer(&name[0])), uintptr(mode))
	return fail(errno)
}

// in says whether a process is in a group.
func (i *identity) in(group uint32) bool {
	return group == i.group.fs || slices.Contains(i.groups, group)
}
