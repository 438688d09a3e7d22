package follow

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// Options say whom and what to follow.
type Options struct {
	// Root is an O_PATH descriptor of the command's root, best of /proc/PID/root, as mounts below it look from there.
	Root int
	// Ledger is changed in place. Nothing else may use it before Serve returns.
	Ledger ledger.Ledger
	// UID, GID and Groups are the ids that the first process believes to have.
	UID, GID uint32
	Groups   []uint32
	// Pid is the first process.
	Pid int
}

// Summary says what was done.
type Summary struct {
	// Changed counts the owners that were noted.
	Changed int
	// Refused counts what could not be followed, by name of system call.
	Refused map[string]int
}

// server is what the workers share.
type server struct {
	listener, proc, root int
	device               device
	// birthless: the file system tells no time of birth, so new files are made here to know them from old ones.
	birthless bool
	// hangsUp: a kernel (6.11 or later) that wakes those who wait for calls when no process is left.
	hangsUp bool
	// rerooted: some process may have another root or another tree of mounts.
	rerooted atomic.Bool
	// turn is held by the one that waits for calls, where the kernel would leave others waiting for ever.
	turn sync.Mutex

	notes   notes
	people  people
	pins    pins
	summary Summary
	trouble error
	telling sync.Mutex
}

// Serve answers until no process of the tree is left, and closes the listener. Before Linux 5.12 a process that has ended counts until
// its parent has waited for it. A process that dies on the way is no error.
func Serve(listener int, options Options) (Summary, error) {
	defer unix.Close(listener)
	s, err := newServer(listener, options)
	if err != nil {
		return Summary{}, err
	}
	defer s.close()
	if err := s.work(min(max(runtime.NumCPU(), 2), maxWorkers)); err != nil {
		return Summary{}, err
	}
	s.summary.Changed = s.notes.changed
	return s.summary, s.trouble
}

// maxWorkers is how many calls are answered at a time.
const maxWorkers = 4

func newServer(listener int, options Options) (*server, error) {
	if err := tryMemory(options.Pid); err != nil {
		return nil, err
	}
	s := &server{listener: listener, proc: -1, root: -1, hangsUp: kernelIsFrom(6, 11), summary: Summary{Refused: map[string]int{}}}
	var status unix.Statx_t
	var err error
	if s.proc, err = unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
		s.root, err = unix.FcntlInt(uintptr(options.Root), unix.F_DUPFD_CLOEXEC, 0)
	}
	if err == nil {
		err = errorOf(statusOf(s.root, &status))
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("preparing to follow owners: %w", err)
	}
	s.device = deviceOf(&status)
	s.birthless = status.Mask&unix.STATX_BTIME == 0
	s.notes.begin(s.device, options.Ledger)
	s.people.begin(s.proc, options)
	// The process and its answer take turns, so they do best on one processor. Kernels before 6.6 cannot be told.
	_ = quickIoctlValue(listener, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	return s, nil
}

func (s *server) close() {
	s.pins.close()
	s.people.close()
	for _, fd := range []int{s.proc, s.root} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// work runs the workers to their end.
func (s *server) work(count int) error {
	ready, ended := make(chan error, count), make(chan error, count)
	start := make(chan bool)
	for range count {
		go func() { ended <- newWorker(s).run(ready, start) }()
	}
	var errs []error
	for range count {
		errs = append(errs, <-ready)
	}
	err := errors.Join(errs...)
	for range count {
		start <- err == nil
	}
	errs = nil
	for range count {
		errs = append(errs, <-ended)
	}
	if err != nil {
		return err
	}
	return errors.Join(errs...)
}

// refuse counts a call that could not be followed.
func (s *server) refuse(name string) {
	s.telling.Lock()
	defer s.telling.Unlock()
	s.summary.Refused[name]++
}

// refuseMemory keeps the first reason for which the memory of processes could not be used.
func (s *server) refuseMemory(errno unix.Errno) {
	s.refuse("process_vm_readv")
	s.telling.Lock()
	defer s.telling.Unlock()
	if s.trouble == nil {
		s.trouble = memoryRefused(errno)
	}
}

// tryMemory asks whether the memory of the first process may be read. Nothing lies at the address.
func tryMemory(pid int) error {
	var text [1]byte
	here := unix.Iovec{Base: &text[0]}
	here.SetLen(1)
	remote := unix.RemoteIovec{Base: 1, Len: 1}
	_, _, errno := unix.Syscall6(unix.SYS_PROCESS_VM_READV, uintptr(pid), uintptr(unsafe.Pointer(&here)), 1,
		uintptr(unsafe.Pointer(&remote)), 1, 0)
	if errno == unix.EPERM || errno == unix.ENOSYS {
		return memoryRefused(errno)
	}
	return nil
}

func memoryRefused(errno unix.Errno) error {
	return fmt.Errorf("owners that commands set cannot be followed, as the memory of processes may not be read "+
		"(process_vm_readv; see kernel.yama.ptrace_scope and the seccomp profile of the container): %w", errno)
}

func errorOf(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}

func quickIoctlValue(fd int, request, value uintptr) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), request, value)
	return errno
}

func kernelIsFrom(major, minor int) bool {
	var name unix.Utsname
	if unix.Uname(&name) != nil {
		return false
	}
	var haveMajor, haveMinor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &haveMajor, &haveMinor); err != nil {
		return false
	}
	return haveMajor > major || haveMajor == major && haveMinor >= minor
}
