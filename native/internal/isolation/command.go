package isolation

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"slipway.dev/engine/internal/host"
)

// Command is one command to run in a root file system.
type Command struct {
	// Root is where the file system is mounted. Every mount's target exists in it.
	Root string
	// Args is executed as it is; Env is the whole environment but for PATH and HOME, which commands have in any case.
	Args, Env []string
	// Dir is the working directory; it exists.
	Dir      string
	UID, GID uint32
	Groups   []uint32
	// Home is HOME where Env has none.
	Home   string
	Mounts []specs.Mount
	Limits []host.Limit
	// Capabilities in the order of their names.
	Capabilities []string
	Network      Network
	// Hostname is what the command sees.
	Hostname string
	// Bundle is a private directory.
	Bundle string
	// Ledger is a file of owners that the runner loads before and saves after the command; empty: owners are real.
	Ledger string
	// Tree is a private and empty directory on the file system of Root, where a runner without mounts keeps what it covers.
	// It is empty again afterwards; what a killed engine left in it belonged to Root.
	Tree string
	// Stdin is the command's, and its leash.
	Stdin          *os.File
	Stdout, Stderr io.Writer
	// Terminal is what the command has instead, and its controlling terminal; nil: none. Stderr gets what the runner says
	// then. @see Choice.TerminalRunner
	Terminal *PseudoTerminal
}

// Usage is what a command and its children used.
type Usage struct {
	Processor time.Duration
	// Memory is that of the largest process, in KiB.
	Memory int64
}

// usageOf reads it from a process that has ended.
func usageOf(process *os.ProcessState) Usage {
	if process == nil {
		return Usage{}
	}
	used, is := process.SysUsage().(*syscall.Rusage)
	if !is {
		return Usage{}
	}
	return Usage{Processor: process.UserTime() + process.SystemTime(), Memory: used.Maxrss}
}

// Runner runs commands: one implementation for each way to isolate them.
type Runner interface {
	// Run ends with the command, and tells what it used. The error holds an *exec.ExitError where the command failed. When ctx is done, the leash of
	// the command stops it.
	Run(ctx context.Context, command Command) (Usage, error)
	// Places lists where this way of isolation mounts something besides the command's own mounts: directories that must
	// exist in the root.
	Places() []string
}

// Movable is an option of a mount whose source directory belongs to us: where nothing can be mounted it may be moved into
// place and back instead of copied.
const Movable = "x-slipway.move"

// withoutMovable are mounts as a kernel or a library understands them.
func withoutMovable(mounts []specs.Mount) []specs.Mount {
	plain := slices.Clone(mounts)
	for i := range plain {
		plain[i].Options = slices.DeleteFunc(slices.Clone(plain[i].Options), func(option string) bool { return option == Movable })
	}
	return plain
}

// Runner gives the implementation of the choice.
func (c Choice) Runner() Runner {
	switch {
	case c.Mode == NoRun:
		return refused{c.Hindrance()}
	case c.Mode == PlainChroot:
		return rooted{noNetwork: c.NoNetwork}
	case c.Mode == Chroot:
		return rooted{mounted: true, single: c.SingleID, noNetwork: c.NoNetwork}
	}
	return contained{runtime: c.Runtime, rootless: c.rootless}
}

// TerminalRunner is that of commands with a terminal: OCI runtimes would want another process between.
func (c Choice) TerminalRunner() Runner {
	if c.Mode == Rootless {
		return rooted{mounted: true, noNetwork: c.NoNetwork}
	}
	return c.Runner()
}

// process is the part of a runtime's configuration that is the same everywhere.
func (c Command) process() *specs.Process {
	process := &specs.Process{
		Args: c.Args, Env: c.environment(), Cwd: c.Dir,
		User: specs.User{UID: c.UID, GID: c.GID, AdditionalGids: c.Groups},
		Capabilities: &specs.LinuxCapabilities{
			Bounding: c.Capabilities, Effective: c.Capabilities, Permitted: c.Capabilities,
		},
	}
	if c.UID != 0 {
		process.Capabilities.Effective, process.Capabilities.Permitted = nil, nil
	}
	for _, limit := range c.Limits {
		process.Rlimits = append(process.Rlimits, specs.POSIXRlimit{
			Type: "RLIMIT_" + strings.ToUpper(limit.Name), Soft: uint64(limit.Soft), Hard: uint64(limit.Hard),
		})
	}
	return process
}

// environment has PATH and HOME in any case.
func (c Command) environment() []string {
	env := append([]string{}, c.Env...)
	for _, fallback := range [...][2]string{{"PATH=", defaultPath}, {"HOME=", c.Home}} {
		has := func(pair string) bool { return strings.HasPrefix(pair, fallback[0]) }
		if !slices.ContainsFunc(env, has) {
			env = append(env, fallback[0]+fallback[1])
		}
	}
	return env
}
