package follow

import (
	"bytes"
	"strconv"

	"golang.org/x/sys/unix"
)

// prefixRoom holds "PID/fd/NUMBER/".
const prefixRoom = 64

// place is the file that a call names, as this thread can name it: the name lies in the buffer from start to end, and a zero behind it.
//
// A name that is not absolute goes through the process's entry in /proc, so one call finds the file.
type place struct {
	at         int
	start, end int
	// handle: an open file of the process, or its working directory.
	handle bool
	buffer [prefixRoom + unix.PathMax + 1]byte
}

func (p *place) name() *byte { return &p.buffer[p.start] }

// said is the name as the process said it.
func (p *place) said() []byte { return p.buffer[prefixRoom:p.end] }

// locate finds the file that dirfd and the name at an address say, by the flags AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW. Not found: the
// kernel will say why.
func (w *worker) locate(dirfd int32, address uint64, flags int) bool {
	length, emptyAllowed := 0, flags&unix.AT_EMPTY_PATH != 0
	if address != 0 || !emptyAllowed {
		length = w.readName(address, w.place.buffer[prefixRoom:])
	}
	if length < 0 || length == 0 && !emptyAllowed {
		return false
	}
	if flags&unix.AT_SYMLINK_NOFOLLOW == 0 && length > 0 {
		if fd, is := ownHandle(w.place.buffer[prefixRoom : prefixRoom+length]); is {
			return w.locateHandle(fd)
		}
	}
	return w.settle(dirfd, length)
}

// ownHandle says which open file of the process that asks a name means.
func ownHandle(name []byte) (fd int32, is bool) {
	switch string(name) {
	case "/dev/stdin":
		return 0, true
	case "/dev/stdout":
		return 1, true
	case "/dev/stderr":
		return 2, true
	}
	rest, is := bytes.CutPrefix(name, []byte("/proc/self/fd/"))
	if !is {
		rest, is = bytes.CutPrefix(name, []byte("/dev/fd/"))
	}
	if !is || len(rest) > 9 {
		return 0, false
	}
	number, err := strconv.ParseUint(string(rest), 10, 31)
	return int32(number), err == nil
}

// locateHandle finds an open file of the process.
func (w *worker) locateHandle(fd int32) bool { return fd >= 0 && w.settle(fd, 0) }

// settle makes the name of what was read.
func (w *worker) settle(dirfd int32, length int) bool {
	p := &w.place
	p.start, p.end, p.handle = prefixRoom, prefixRoom+length, length == 0
	p.buffer[p.end] = 0
	if w.rerooted.Load() && !w.follow() {
		return false
	}
	if length > 0 && p.buffer[prefixRoom] == '/' {
		p.at = unix.AT_FDCWD
		return true
	}
	var room [prefixRoom]byte
	prefix := strconv.AppendUint(room[:0], uint64(w.asked.Pid), 10)
	switch {
	case dirfd == unix.AT_FDCWD:
		prefix = append(prefix, "/cwd"...)
	case dirfd >= 0:
		prefix = strconv.AppendInt(append(prefix, "/fd/"...), int64(dirfd), 10)
	default:
		return false
	}
	if length > 0 {
		prefix = append(prefix, '/')
	}
	p.at, p.start = w.proc, prefixRoom-len(prefix)
	copy(p.buffer[p.start:], prefix)
	return true
}

// follow goes into the root of the process that asks.
func (w *worker) follow() bool {
	var room [prefixRoom]byte
	name := append(strconv.AppendUint(room[:0], uint64(w.asked.Pid), 10), "/root\x00"...)
	root, errno := openat(w.proc, &name[0], unix.O_PATH|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return false
	}
	defer unix.Close(root)
	w.chrooted = true
	return w.enter(root) == nil
}

// look asks about the place by one call. Names that go through /proc/self may lead elsewhere than for the process:
// what follows from the answer must be confirmed.
func (w *worker) look(flags int, mask uint32) bool {
	if w.place.handle {
		flags &^= unix.AT_SYMLINK_NOFOLLOW | unix.AT_EMPTY_PATH
	}
	return statx(w.place.at, w.place.name(), flags, mask, &w.status) == 0
}

// lookAbove asks about the directory that the place lies in.
func (w *worker) lookAbove() bool {
	p := &w.place
	end := p.end
	for end > p.start+1 && p.buffer[end-1] == '/' {
		end--
	}
	cut := p.start + 1 + bytes.LastIndexByte(p.buffer[p.start:end], '/')
	kept := p.buffer[cut]
	p.buffer[cut] = 0
	errno := statx(p.at, p.name(), 0, statusMask, &w.status)
	p.buffer[cut] = kept
	return errno == 0
}

// base opens what a name that is not absolute starts from; AT_FDCWD for one that is.
func (w *worker) base() (int, unix.Errno) {
	p := &w.place
	if p.at == unix.AT_FDCWD {
		return unix.AT_FDCWD, 0
	}
	if p.handle {
		return openat(p.at, p.name(), unix.O_PATH|unix.O_CLOEXEC, 0)
	}
	p.buffer[prefixRoom-1] = 0
	base, errno := openat(p.at, p.name(), unix.O_PATH|unix.O_CLOEXEC, 0)
	p.buffer[prefixRoom-1] = '/'
	return base, errno
}

// open opens the place as it is for the process (O_PATH): not through links of /proc, which would be this process's own.
func (w *worker) open(nofollow int) (int, unix.Errno) {
	base, errno := w.base()
	if errno != 0 || w.place.handle {
		return base, errno
	}
	defer closeBase(base)
	fd, errno := w.openFrom(base, nofollow)
	if errno == unix.ELOOP && nofollow == 0 && w.leadsToHandle(base) {
		return openat(w.place.at, w.place.name(), unix.O_PATH|unix.O_CLOEXEC, 0)
	}
	return fd, errno
}

// leadsToHandle follows a link that stands for an open file, like those that send a log to the standard output.
func (w *worker) leadsToHandle(base int) bool {
	fd, errno := w.openFrom(base, unix.O_NOFOLLOW)
	if errno != 0 {
		return false
	}
	defer unix.Close(fd)
	var text [prefixRoom]byte
	length, err := unix.Readlinkat(fd, "", text[:])
	if err != nil {
		return false
	}
	number, is := ownHandle(text[:length])
	return is && w.locateHandle(number)
}

func (w *worker) openFrom(base, nofollow int) (int, unix.Errno) {
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_MAGICLINKS}
	if nofollow != 0 {
		how.Flags |= unix.O_NOFOLLOW
	}
	fd, errno := openat2(base, &w.place.buffer[prefixRoom], &how)
	if errno == unix.ENOSYS || errno == unix.EPERM { // profiles of containers that do not know openat2
		return openat(base, &w.place.buffer[prefixRoom], int(how.Flags), 0)
	}
	return fd, errno
}

func closeBase(base int) {
	if base >= 0 {
		unix.Close(base)
	}
}

func appendNumber(text []byte, number int) []byte { return strconv.AppendInt(text, int64(number), 10) }
