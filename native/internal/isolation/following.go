package isolation

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/follow"
	"slipway.dev/engine/internal/ledger"
)

// followSocket is the descriptor over which the process that becomes a command hands the listener of its filter over.
const followSocket = jobPipe + 1

// jobTerminal is the descriptor of a supervisor that is the command's terminal, where there is one.
const jobTerminal = jobPipe + 1

// beFollowed makes the calling thread, and the command that it becomes, ask the supervisor about owners.
func beFollowed() error {
	listener, err := follow.Install()
	if err != nil {
		return err
	}
	return follow.Send(followSocket, listener)
}

// startRooted starts the process that becomes a command. finish saves the ledger of its owners.
func startRooted() (child int, finish func() error, err error) {
	pipe := os.NewFile(jobPipe, "job")
	text, err := io.ReadAll(pipe)
	if err == nil {
		err = pipe.Close()
	}
	var job rootedJob
	if err == nil {
		err = json.Unmarshal(text, &job)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading what to run: %w", err)
	}
	told, err := pipeOf(text)
	if err != nil {
		return 0, nil, err
	}
	defer told.Close()
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	files := []uintptr{0, 1, 2, told.Fd()}
	if job.Terminal {
		unix.CloseOnExec(jobTerminal)
		defer unix.Close(jobTerminal)
		files = []uintptr{jobTerminal, jobTerminal, jobTerminal, told.Fd()}
		attributes.Setctty, attributes.Ctty = true, 0
	}
	watch := &following{job: job}
	if job.Ledger != "" {
		theirs, err := watch.open()
		if err != nil {
			return 0, nil, err
		}
		defer unix.Close(theirs)
		files = append(files, uintptr(theirs))
	}
	child, err = syscall.ForkExec("/proc/self/exe", []string{rootedRunner}, &syscall.ProcAttr{
		Env: []string{supervisedMark + "=1"}, Files: files, Sys: attributes,
	})
	if err != nil {
		return 0, nil, fmt.Errorf("starting a command: %w", err)
	}
	watch.start(child)
	return child, watch.finish, nil
}

// following answers a command's questions about owners.
type following struct {
	job     rootedJob
	socket  int
	owners  ledger.Ledger
	ended   chan struct{}
	summary follow.Summary
	err     error
}

// open loads the ledger. theirs is the child's end of the socket.
func (f *following) open() (theirs int, err error) {
	if f.owners, err = ledger.Load(f.job.Ledger); err != nil {
		return 0, err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, fmt.Errorf("preparing to follow a command: %w", err)
	}
	f.socket = pair[0]
	return pair[1], nil
}

func (f *following) start(child int) {
	if f.job.Ledger == "" {
		return
	}
	f.ended = make(chan struct{})
	go func() {
		defer close(f.ended)
		f.err = f.serve(child)
	}()
}

func (f *following) serve(child int) error {
	defer unix.Close(f.socket)
	listener, err := follow.Receive(f.socket)
	if err != nil {
		// It ended before it was the command, and has said why.
		return nil
	}
	// The root as the command has it, with its mounts.
	root, err := unix.Open(fmt.Sprintf("/proc/%d/root", child), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		// Nobody would answer the command.
		_ = syscall.Kill(child, syscall.SIGKILL)
		return errors.Join(fmt.Errorf("opening the root of a command: %w", err), unix.Close(listener))
	}
	defer unix.Close(root)
	f.summary, err = follow.Serve(listener, follow.Options{
		Root: root, Ledger: f.owners, UID: f.job.UID, GID: f.job.GID, Groups: f.job.Groups, Pid: child,
	})
	return err
}

// finish saves the ledger when the command has ended, and tells what could not be followed.
func (f *following) finish() error {
	if f.job.Ledger == "" {
		return nil
	}
	<-f.ended
	if f.err != nil {
		return fmt.Errorf("following the owners of files: %w", f.err)
	}
	if warning := unfollowed(f.summary.Refused); warning != "" {
		fmt.Fprintln(os.Stderr, warning)
	}
	return f.owners.Save(f.job.Ledger)
}

// unfollowed is one line about the calls that could not be followed; empty: all were.
func unfollowed(refused map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		calls := "calls"
		if refused[name] == 1 {
			calls = "call"
		}
		parts = append(parts, fmt.Sprintf("%d %s of %s", refused[name], calls, name))
	}
	if len(parts) == 0 {
		return ""
	}
	return "slipway: " + strings.Join(parts, ", ") + " could not be followed in a namespace of one id"
}
