package follow

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// opening is how a file is opened that may have to be made.
type opening struct {
	flags   int
	mode    uint32
	resolve uint64
	// second: by openat2, which is stricter.
	second bool
}

func (w *worker) playOpenat() answer {
	return w.create(int32(w.asked.Args[0]), w.asked.Args[1], opening{flags: int(w.asked.Args[2]), mode: uint32(w.asked.Args[3])})
}

func (w *worker) playOpenat2() answer {
	var text [unsafe.Sizeof(unix.OpenHow{})]byte
	if w.heirsAreRoot() || w.asked.Args[3] != uint64(len(text)) || !w.read(w.asked.Args[2], text[:]) {
		return pass
	}
	flags := binary.NativeEndian.Uint64(text[0:])
	if flags&creating == 0 {
		return pass
	}
	return w.create(int32(w.asked.Args[0]), w.asked.Args[1], opening{
		flags: int(flags), mode: uint32(binary.NativeEndian.Uint64(text[8:])), resolve: binary.NativeEndian.Uint64(text[16:]), second: true,
	})
}

// heirsAreRoot: whatever is made belongs to root.
func (w *worker) heirsAreRoot() bool {
	return w.people.same() && w.notes.none() && !w.birthless
}

// heir says who a file made at the place belongs to. Not: to root, as the kernel makes it.
func (w *worker) heir(above bool) (ledger.Owner, bool) {
	who := w.identity()
	owner := ledger.Owner{UID: who.user.fs, GID: who.group.fs}
	found := false
	if above {
		found = w.lookAbove()
	} else {
		found = w.look(0, statusMask)
	}
	if found && w.status.Mode&unix.S_ISGID != 0 {
		owner.GID = w.notes.owner(&w.status).GID
	}
	return owner, w.birthless || owner != ledger.Owner{}
}

// create is an open that may make a file: one that is there is left to the kernel.
func (w *worker) create(dirfd int32, name uint64, how opening) answer {
	if w.heirsAreRoot() || !w.locate(dirfd, name, unix.AT_SYMLINK_NOFOLLOW) {
		return pass
	}
	unnamed := how.flags&unix.O_TMPFILE == unix.O_TMPFILE
	owner, needed := w.heir(!unnamed)
	if !needed {
		return pass
	}
	base, errno := w.base()
	if errno != 0 {
		return pass
	}
	defer closeBase(base)
	if !unnamed && w.isThere(base, how.flags&(unix.O_NOFOLLOW|unix.O_EXCL)) {
		return pass
	}
	if !w.valid() {
		return pass
	}
	fd, errno := w.openNew(base, how)
	if errno != 0 {
		return pass // and the kernel will say why, in its own words
	}
	if statusOf(fd, &w.status) == 0 {
		w.noteOpen(fd, owner)
	}
	if !unnamed {
		w.undo = func() { w.remove(0) }
	}
	return w.insert(fd, how.flags)
}

// isThere says whether a name leads to something, or cannot be followed for another reason than that nothing is there.
func (w *worker) isThere(base, nofollow int) bool {
	fd, errno := w.openFrom(base, nofollow)
	if errno == 0 {
		unix.Close(fd)
	}
	return errno != unix.ENOENT
}

func (w *worker) openNew(base int, how opening) (int, unix.Errno) {
	unix.Umask(int(w.people.umask(int(w.asked.Pid))))
	name := &w.place.buffer[prefixRoom]
	if !how.second {
		return openat(base, name, how.flags|unix.O_CLOEXEC, how.mode)
	}
	return openat2(base, name, &unix.OpenHow{Flags: uint64(how.flags) | unix.O_CLOEXEC, Mode: uint64(how.mode), Resolve: how.resolve})
}

// noteOpen writes down the owner of an open file. What is pinned is not open for writing: it may be executed.
func (w *worker) noteOpen(fd int, owner ledger.Owner) {
	var room [prefixRoom]byte
	name := append(appendNumber(append(room[:0], "self/fd/"...), fd), 0)
	path, errno := openat(w.proc, &name[0], unix.O_PATH|unix.O_CLOEXEC, 0)
	if errno != 0 {
		w.notes.set(&w.status, owner)
		return
	}
	w.note(path, owner)
}

// insert gives an open file to the process. It is closed here before the process goes on: it might execute it.
func (w *worker) insert(fd, flags int) answer {
	added := addition{ID: w.asked.ID, Source: uint32(fd), NumberFlag: uint32(flags) & unix.O_CLOEXEC}
	number, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(&added)))
	unix.Close(fd)
	if errno != 0 {
		return fail(errno)
	}
	return answer{value: int64(number)}
}

// remove takes back what was made at the place for a process that died meanwhile.
func (w *worker) remove(flags int) {
	if base, errno := w.base(); errno == 0 {
		defer closeBase(base)
		_, _, _ = unix.Syscall(unix.SYS_UNLINKAT, uintptr(base), uintptr(unsafe.Pointer(&w.place.buffer[prefixRoom])), uintptr(flags))
	}
}

// maker makes something that is not opened.
type maker interface {
	// owned is the owner's record with what the kernel cannot keep.
	owned(owner ledger.Owner, umask uint32) ledger.Owner
	make(base int, name *byte) unix.Errno
	removal() int
}

// make makes something at a place.
func (w *worker) make(dirfd int32, name uint64, what maker) answer {
	special := what.owned(ledger.Owner{}, 0) != ledger.Owner{}
	if !special && w.heirsAreRoot() || !w.locate(dirfd, name, unix.AT_SYMLINK_NOFOLLOW) {
		return pass
	}
	owner, needed := w.heir(true)
	if !needed && !special {
		return pass
	}
	base, errno := w.base()
	if errno != 0 {
		return pass
	}
	defer closeBase(base)
	if !w.valid() {
		return pass
	}
	umask := w.people.umask(int(w.asked.Pid))
	unix.Umask(int(umask))
	if errno := what.make(base, &w.place.buffer[prefixRoom]); errno != 0 {
		return fail(errno)
	}
	w.undo = func() { w.remove(what.removal()) }
	fd, errno := w.openFrom(base, unix.O_NOFOLLOW)
	if errno != 0 {
		return done
	}
	if statusOf(fd, &w.status) != 0 {
		unix.Close(fd)
		return done
	}
	w.note(fd, what.owned(owner, umask))
	return done
}

type directory struct{ mode uint32 }

func (directory) owned(owner ledger.Owner, _ uint32) ledger.Owner { return owner }
func (directory) removal() int                                    { return unix.AT_REMOVEDIR }
func (d directory) make(base int, name *byte) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_MKDIRAT, uintptr(base), uintptr(unsafe.Pointer(name)), uintptr(d.mode))
	return errno
}

type link struct{ target *byte }

func (link) owned(owner ledger.Owner, _ uint32) ledger.Owner { return owner }
func (link) removal() int                                    { return 0 }
func (l link) make(base int, name *byte) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_SYMLINKAT, uintptr(unsafe.Pointer(l.target)), uintptr(base), uintptr(unsafe.Pointer(name)))
	return errno
}

// node is what mknod makes; devices are plain files, and what they should be is noted.
type node struct{ mode, number uint32 }

func (n node) device() bool {
	return n.mode&unix.S_IFMT == unix.S_IFCHR || n.mode&unix.S_IFMT == unix.S_IFBLK
}
func (node) removal() int { return 0 }

func (n node) owned(owner ledger.Owner, umask uint32) ledger.Owner {
	if n.device() {
		owner.Mode = n.mode &^ umask
		owner.Rdev = unix.Mkdev(unix.Major(uint64(n.number)), unix.Minor(uint64(n.number)))
	}
	return owner
}

func (n node) make(base int, name *byte) unix.Errno {
	mode := n.mode
	if n.device() {
		mode = mode&^unix.S_IFMT | unix.S_IFREG
	}
	_, _, errno := unix.Syscall6(unix.SYS_MKNODAT, uintptr(base), uintptr(unsafe.Pointer(name)), uintptr(mode), 0, 0, 0)
	return errno
}

func (w *worker) playMkdirat() answer {
	return w.make(int32(w.asked.Args[0]), w.asked.Args[1], directory{mode: uint32(w.asked.Args[2])})
}

func (w *worker) playSymlinkat() answer {
	return w.makeLink(w.asked.Args[0], int32(w.asked.Args[1]), w.asked.Args[2])
}

func (w *worker) makeLink(target uint64, dirfd int32, name uint64) answer {
	if w.heirsAreRoot() {
		return pass
	}
	var text [unix.PathMax]byte
	length := w.readName(target, text[:])
	if length <= 0 {
		return pass
	}
	return w.make(dirfd, name, link{target: &bytes.Clone(text[:length+1])[0]})
}

func (w *worker) playMknodat() answer {
	return w.makeNode(int32(w.asked.Args[0]), w.asked.Args[1], uint32(w.asked.Args[2]), uint32(w.asked.Args[3]))
}

func (w *worker) makeNode(dirfd int32, name uint64, mode, number uint32) answer {
	made := node{mode: mode, number: number}
	if made.device() && !w.identity().capabilities.has(unix.CAP_MKNOD) {
		return pass // the kernel refuses as it would refuse any user
	}
	return w.make(dirfd, name, made)
}
