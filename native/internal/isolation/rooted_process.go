package isolation

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/moby/sys/capability"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// statusOfRunner is the exit status of a runner that failed before there was a command.
const statusOfRunner = 125

// becomeCommand makes this process the command of a job. It does not return.
func becomeCommand() {
	runtime.LockOSThread()
	job, err := readJob()
	if err == nil {
		err = job.become()
	}
	status := statusOfRunner
	var failed *startFailure
	if errors.As(err, &failed) {
		status = failed.status
	}
	fmt.Fprintf(os.Stderr, "slipway: %v\n", err)
	os.Exit(status)
}

// become returns only with an error.
func (j rootedJob) become() error {
	unix.Umask(0o022)
	// Nothing of ours stays open in the command; older kernels know no such call, and Go opens its files in that way.
	_ = unix.CloseRange(jobPipe, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
	j.nameHost()
	if err := j.enterRoot(); err != nil {
		return err
	}
	if err := unix.Chdir(j.Dir); err != nil {
		return fmt.Errorf("changing to the working directory %s: %w", j.Dir, err)
	}
	for _, limit := range j.Limits {
		if err := unix.Setrlimit(limit.Resource, &limit.Value); err != nil {
			return fmt.Errorf("setting the limit %s to %d:%d: %w", limit.Name, int64(limit.Value.Cur), int64(limit.Value.Max), err)
		}
	}
	if err := j.dropBounds(); err != nil {
		return err
	}
	if !j.Single {
		if err := j.takeIDs(); err != nil {
			return err
		}
	}
	program, err := lookUp(j.Args[0], j.Env)
	if err != nil {
		return err
	}
	// Another user's id made the kernel forget it.
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("asking to end with the supervisor: %w", err)
	}
	if j.Ledger != "" {
		// With CAP_SYS_ADMIN, new privileges need not be given up for it: sudo would refuse to work.
		if err := beFollowed(); err != nil {
			return err
		}
	}
	if err := j.dropCapabilities(); err != nil {
		return err
	}
	return startError(j.Args[0], program, syscall.Exec(program, j.Args, j.Env))
}

// nameHost sets the host's name where it can be had for the command alone.
func (j rootedJob) nameHost() {
	if j.Hostname == "" || !host.Root("/").Has(unix.CAP_SYS_ADMIN) {
		return
	}
	if unix.Unshare(unix.CLONE_NEWUTS) == nil {
		_ = unix.Sethostname([]byte(j.Hostname))
	}
}

func (j rootedJob) enterRoot() error {
	if j.Mounted {
		if err := j.mountAll(); err != nil {
			return err
		}
		return j.pivot()
	}
	if err := unix.Chroot(j.Root); err != nil {
		return fmt.Errorf("changing the root directory: %w", err)
	}
	return nil
}

// takeIDs gives the calling thread, and no other, the command's ids.
func (j rootedJob) takeIDs() error {
	groups := make([]int, 0, len(j.Groups))
	for _, group := range j.Groups {
		groups = append(groups, int(group))
	}
	if err := unix.Setgroups(groups); err != nil {
		return fmt.Errorf("setting the groups of the command: %w", err)
	}
	gid, uid := uintptr(j.GID), uintptr(j.UID)
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, gid, gid, gid); errno != 0 {
		return fmt.Errorf("becoming group %d: %w", j.GID, errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uid, uid, uid); errno != 0 {
		return fmt.Errorf("becoming user %d: %w", j.UID, errno)
	}
	return nil
}

// dropBounds takes what is not wanted out of the bounding set, which decides what root gets when it executes a program.
// Without CAP_SETPCAP that is not possible: then the command may do what this process may.
func (j rootedJob) dropBounds() error {
	last, err := capability.LastCap()
	if err != nil {
		return fmt.Errorf("reading what capabilities there are: %w", err)
	}
	for number := capability.Cap(0); number <= last; number++ {
		if j.Capabilities&(1<<number) != 0 {
			continue
		}
		err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(number), 0, 0, 0)
		if errors.Is(err, unix.EPERM) {
			break
		}
		if err != nil {
			return fmt.Errorf("dropping a capability: %w", err)
		}
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	return nil
}

// dropCapabilities leaves the thread with the wanted ones that it has. Another user than root has none any more.
func (j rootedJob) dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("reading capabilities: %w", err)
	}
	for i, wanted := range []uint32{uint32(j.Capabilities), uint32(j.Capabilities >> 32)} {
		data[i].Permitted &= wanted
		data[i].Effective, data[i].Inheritable = data[i].Permitted, 0
	}
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("dropping capabilities: %w", err)
	}
	return nil
}
