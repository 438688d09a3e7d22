package isolation

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// supervisedMark tells the process that does the work from the one that watches over it.
const supervisedMark = "SLIPWAY_SUPERVISED"

// graceOfRuntime is how long an OCI runtime may take to stop and delete its container before it is killed.
const graceOfRuntime = 1500 * time.Millisecond

// chrootRunner is the name under which Buildah's chroot package takes this program over to run a command of its own builder:
// package chroot, run_common.go.
const chrootRunner = "buildah-chroot-runtime"

// runners are the names under which Buildah starts this program again to run one step.
var runners = map[string]runner{
	chrootRunner:          {},
	"buildah-oci-runtime": {deletes: true},
	ociRunner:             {container: true},
	rootedRunner:          {rooted: true},
}

type runner struct {
	// deletes says that the process has something to take down itself when it is told to stop.
	deletes bool
	// container says that the process is an OCI runtime that runs a container: it is asked to end that.
	container bool
	// rooted says that the process becomes the command itself.
	rooted bool
}

// Supervise takes over when this process was started to run one step, and does not return then. Buildah leaves
// behind what a step puts into the background, and its processes cannot be stopped one step at a time. So a process of
// our own stands between: it adopts whatever the step starts, ends all of it with the step, on SIGTERM, or when the
// engine dies. It must be called before anything else happens in main.
func Supervise(args []string) {
	runner, known := runners[args[0]]
	if !known || os.Getenv(supervisedMark) != "" {
		os.Unsetenv(supervisedMark)
		if runner.rooted {
			becomeCommand()
		}
		return
	}
	status, err := supervise(runner, args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "running a step: %v\n", err)
		status = 125
	}
	os.Exit(status)
}

func supervise(runner runner, args []string) (int, error) {
	runtime.LockOSThread()
	stop := make(chan os.Signal, 8)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	parent := os.Getppid()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGTERM), 0, 0, 0); err != nil {
		return 0, fmt.Errorf("asking to be told when the engine ends: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("adopting the processes of the step: %w", err)
	}
	if wantsNoNetwork() {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return 0, fmt.Errorf("making a network namespace without a network: %w", err)
		}
		if err := raiseLoopback(); err != nil {
			return 0, err
		}
	}
	child, finish, err := startChild(runner, args)
	if err != nil {
		return 0, err
	}
	if os.Getppid() != parent {
		endAll()
		return 0, fmt.Errorf("the engine has ended")
	}
	go stopOnSignal(stop, child, runner, args)
	status := reapUntil(child)
	endAll()
	return status, finish()
}

// startChild starts what does the work. finish is for after its end.
func startChild(runner runner, args []string) (child int, finish func() error, err error) {
	finish = func() error { return nil }
	switch {
	case runner.rooted:
		return startRooted()
	case runner.container:
		child, err = startRuntime(args)
	default:
		child, err = startSupervised(args)
	}
	return child, finish, err
}

func startSupervised(args []string) (int, error) {
	files := []uintptr{0, 1, 2}
	// Buildah passes pipes from descriptor 3 on; anything else there is the Go runtime's own.
	for fd := 3; isPipe(fd); fd++ {
		files = append(files, uintptr(fd))
	}
	child, err := syscall.ForkExec("/proc/self/exe", args, &syscall.ProcAttr{
		Env:   append(os.Environ(), supervisedMark+"=1"),
		Files: files,
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", filepath.Base(args[0]), err)
	}
	for _, fd := range files[3:] {
		unix.Close(int(fd))
	}
	return child, nil
}

// startRuntime runs a container: args are our name, the runtime, its state, the bundle, the container's name.
func startRuntime(args []string) (int, error) {
	command := []string{args[1], "--root", args[2], "run", "--bundle", args[3], args[4]}
	child, err := syscall.ForkExec(args[1], command, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return 0, fmt.Errorf("starting %s: %w", args[1], err)
	}
	return child, nil
}

// deleteContainer ends all that runs in a container, so that the runtime comes to its end.
func deleteContainer(args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), graceOfRuntime)
	defer cancel()
	_ = exec.CommandContext(ctx, args[1], "--root", args[2], "delete", "--force", args[4]).Run()
}

func isPipe(fd int) bool {
	var status unix.Stat_t
	return unix.Fstat(fd, &status) == nil && status.Mode&unix.S_IFMT == unix.S_IFIFO
}

func stopOnSignal(stop <-chan os.Signal, child int, runner runner, args []string) {
	<-stop
	if runner.container {
		deleteContainer(args)
	}
	if runner.deletes {
		_ = syscall.Kill(child, syscall.SIGTERM)
		time.Sleep(graceOfRuntime)
	}
	// Its end is what reapUntil waits for; the rest follows there.
	_ = syscall.Kill(child, syscall.SIGKILL)
}

// reapUntil waits for the child and, on the way, for every process it adopted.
func reapUntil(child int) int {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 125
		case pid == child && status.Signaled():
			return 128 + int(status.Signal())
		case pid == child:
			return status.ExitStatus()
		}
	}
}

// endAll kills the children until none is left; what they leave behind becomes a child in turn.
func endAll() {
	for {
		for _, pid := range childrenOf(os.Getpid()) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case err == syscall.ECHILD:
			return
		case pid == 0:
			time.Sleep(time.Millisecond)
		}
	}
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int {
	var children []int
	entries, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range entries {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// The name is in parentheses and may hold anything, also parentheses.
		rest := string(text)[strings.LastIndexByte(string(text), ')')+1:]
		var state string
		var child, parent int
		if _, err := fmt.Sscan(rest, &state, &parent); err != nil || parent != pid {
			continue
		}
		if _, err := fmt.Sscan(string(text), &child); err == nil {
			children = append(children, child)
		}
	}
	return children
}
