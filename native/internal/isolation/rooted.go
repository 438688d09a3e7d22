package isolation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// rootedRunner is the name under which this program starts itself to run a command by a chroot of our own.
const rootedRunner = "slipway-rooted-runner"

// rooted runs commands by a chroot of our own:
//
//   - mounted: a mount namespace, the host's /dev, /proc and /sys bound, /dev/shm a tmpfs of 64 MiB (the host's where that is
//     refused). In a user namespace of one id, owners are followed into a ledger.
//   - else with nothing but chroot, mknod and chown: what would be mounted is put into the tree while the command runs
//     (covering). /dev/shm is an ordinary directory there, on the disk of the tree and as large as that; mounts are
//     copies, so nothing keeps a command from writing into one that is read-only, but what it writes there is lost.
type rooted struct {
	mounted bool
	// single says that this process has one id: ids of commands are played.
	single    bool
	noNetwork error
}

// Places are what is mounted or covered besides the command's own mounts.
func (rooted) Places() []string { return []string{"/dev", "/proc", "/sys"} }

// Run runs a command. In every case the tree is afterwards as if nothing had been mounted or covered.
func (r rooted) Run(ctx context.Context, command Command) (used Usage, err error) {
	if command.Network == NoNetwork && r.noNetwork != nil {
		return Usage{}, r.noNetwork
	}
	if r.single && command.UID != 0 && command.Ledger == "" {
		return Usage{}, fmt.Errorf("a command cannot be user %d in a user namespace of one id", command.UID)
	}
	if err := allowed(command.Limits); err != nil {
		return Usage{}, err
	}
	job, err := r.job(command)
	if err != nil {
		return Usage{}, err
	}
	var pipes outputs
	defer pipes.drain()
	if !r.mounted {
		if err := pipes.nameErrors(command); err != nil {
			return Usage{}, err
		}
		placed, err := coverFor(command, pipes.errors)
		defer func() { err = errors.Join(err, placed.undo()) }()
		if err != nil {
			return Usage{}, err
		}
	}
	if ctx.Err() != nil {
		return Usage{}, ctx.Err()
	}
	return job.start(ctx, command, &pipes)
}

// allowed checks limits before anything starts.
func allowed(limits []host.Limit) error {
	present, err := host.Limits()
	if err != nil {
		return err
	}
	mayRaise := host.Root("/").MayRaiseLimits()
	for _, limit := range limits {
		if err := host.CheckLimit(limit, present, mayRaise); err != nil {
			return err
		}
	}
	return nil
}

// start starts the process that runs the command, and waits for its end.
func (j rootedJob) start(ctx context.Context, command Command, pipes *outputs) (Usage, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return Usage{}, fmt.Errorf("describing a command: %w", err)
	}
	// What a killed supervisor leaves behind comes to this process, and is ended below.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return Usage{}, fmt.Errorf("adopting the processes of a command: %w", err)
	}
	told, err := pipeOf(text)
	if err != nil {
		return Usage{}, err
	}
	defer told.Close()
	process := exec.Command("/proc/self/exe")
	process.Args, process.Dir, process.Env = []string{rootedRunner}, "/", []string{}
	process.ExtraFiles, process.Stdin = []*os.File{told}, command.Stdin
	if command.Terminal != nil {
		process.ExtraFiles = append(process.ExtraFiles, command.Terminal.command)
	}
	// From the first moment on, before it asks for that itself.
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if process.Stdout, err = pipes.add(command.Stdout, ""); err != nil {
		return Usage{}, err
	}
	if process.Stderr, err = pipes.add(command.Stderr, pipes.errors); err != nil {
		return Usage{}, err
	}
	if err := process.Start(); err != nil {
		return Usage{}, fmt.Errorf("starting a command: %w", err)
	}
	pipes.started()
	release := context.AfterFunc(ctx, func() { _ = process.Process.Signal(syscall.SIGTERM) })
	defer release()
	err = process.Wait()
	if status, is := process.ProcessState.Sys().(syscall.WaitStatus); is && status.Signaled() {
		endOrphans(command.Root)
	}
	return usageOf(process.ProcessState), err
}

// pipeOf gives a pipe with a text in it.
func pipeOf(text []byte) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting a command: %w", err)
	}
	go func() {
		// A reader that is gone has said itself what went wrong.
		_, _ = io.Copy(write, bytes.NewReader(text))
		_ = write.Close()
	}()
	return read, nil
}
