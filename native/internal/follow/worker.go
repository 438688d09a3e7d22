package follow

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// answer is what a process gets for its call.
type answer struct {
	value int64
	errno unix.Errno
	// pass: the kernel does the call.
	pass bool
}

var (
	pass = answer{pass: true}
	done = answer{}
)

func fail(errno unix.Errno) answer { return answer{errno: errno} }

// worker answers calls on a thread of its own, whose root and creation mask are its own.
type worker struct {
	*server
	asked    notification
	place    place
	status   unix.Statx_t
	plain    unix.Stat_t
	calls    [512]func(*worker) answer
	chrooted bool // in the root of another process
	// undo takes back what was done for a process that does not hear of it any more.
	undo func()
}

func newWorker(s *server) *worker {
	w := &worker{server: s}
	for _, call := range followed() {
		w.calls[call.number] = call.play
	}
	return w
}

// run answers until no process is left. The thread is given up with its root.
func (w *worker) run(ready chan<- error, start <-chan bool) error {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() { // the process's own root is not to change
		defer runtime.UnlockOSThread()
		elsewhere := make(chan error)
		go func() { elsewhere <- w.run(ready, start) }()
		return <-elsewhere
	}
	err := unix.Unshare(unix.CLONE_FS)
	if err == nil {
		err = w.enter(w.root)
	}
	if err != nil {
		err = fmt.Errorf("entering the command's root to follow owners: %w", err)
	}
	ready <- err
	if !<-start {
		return nil
	}
	for {
		more, err := w.receive()
		if !more {
			return err
		}
		w.respond(w.play())
		if w.chrooted {
			w.chrooted = false
			if err := w.enter(w.root); err != nil {
				return fmt.Errorf("returning to the command's root: %w", err)
			}
		}
	}
}

// enter makes a directory this thread's root.
func (w *worker) enter(root int) error {
	if err := unix.Fchdir(root); err != nil {
		return err
	}
	return unix.Chroot(".")
}

// receive waits for a call. No more: no process is left.
func (w *worker) receive() (more bool, err error) {
	if !w.hangsUp {
		w.turn.Lock()
		defer w.turn.Unlock()
	}
	for {
		if !w.hangsUp && !w.waiting(-1) {
			return false, nil
		}
		w.asked = notification{}
		switch errno := ioctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&w.asked)); errno {
		case 0:
			return true, nil
		case unix.EINTR:
		case unix.ENOENT: // the one that asked has died, or all have
			if w.hangsUp && w.ended() {
				return false, nil
			}
		default:
			return false, fmt.Errorf("waiting for system calls to follow: %w", errno)
		}
	}
}

// waiting waits for something to receive, or the end.
func (w *worker) waiting(timeout int) bool {
	watched := [1]unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(watched[:], timeout)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return err == nil && watched[0].Revents&unix.POLLIN != 0
	}
}

func (w *worker) ended() bool {
	watched := [1]unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
	_, err := unix.Poll(watched[:], 0)
	return err == nil && watched[0].Revents&unix.POLLHUP != 0
}

func (w *worker) play() answer {
	w.undo = nil
	if w.asked.Pid == 0 { // a process that cannot be seen from here
		w.refuse("pid namespace")
		return pass
	}
	if number := int(w.asked.Call); number < len(w.calls) && w.calls[number] != nil {
		return w.calls[number](w)
	}
	return pass
}

func (w *worker) respond(given answer) {
	sent := response{ID: w.asked.ID, Value: given.value, Error: -int32(given.errno)}
	if given.pass {
		sent.Flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	}
	errno := quickIoctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&sent))
	if errno != 0 && w.undo != nil {
		w.undo()
	}
}

// valid says whether the process still waits for this call: what was read of it was its own.
func (w *worker) valid() bool {
	return quickIoctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&w.asked.ID)) == 0
}
