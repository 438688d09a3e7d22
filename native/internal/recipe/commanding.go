package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/sys/capability"
	"github.com/moby/sys/user"
	"github.com/opencontainers/runtime-spec/specs-go"

	"slipway.dev/engine/internal/isolation"
)

// hostName is what commands see: the same on every machine.
const hostName = "slipway"

// run runs a command in the mounted file system.
func (s *stage) run(ctx context.Context, number int, step Run) error {
	bundle := filepath.Join(s.directoryOf(number))
	if err := os.MkdirAll(bundle, 0o700); err != nil {
		return fmt.Errorf("preparing a command: %w", err)
	}
	command, cleanup, err := s.command(ctx, step, bundle)
	defer cleanup()
	if err != nil {
		return err
	}
	leash, err := isolation.NewLeash(bundle, step.Network, step.Stdin)
	if err != nil {
		return err
	}
	defer leash.Close()
	defer leash.StopWith(ctx)()
	output := newOutput(s.progress, s.Store.NearlyFull)
	output.keepWhole(secretLines(step.Mounts))
	command.Stdin, command.Stdout, command.Stderr = leash.Input(), output.stdout, output.stderr
	used, err := s.execute(ctx, command)
	output.flush()
	s.progress.Usage(int(used.Processor.Milliseconds()), int(used.Memory))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	failed := &CommandFailed{Status: exitStatus(err, output), Tail: output.last(), DiskFull: output.diskFull(), Cause: err}
	if failed.Status == 0 {
		return err
	}
	// A policy leaves no trace in what a command says but that something was not permitted.
	if hint := (isolation.Denial{Output: failed.Tail}).Hint("/"); hint != "" {
		s.progress.Log("slipway: " + hint)
	}
	return failed
}

// execute runs a command, and hears what it did to the owners of files.
func (s *stage) execute(ctx context.Context, command isolation.Command) (isolation.Usage, error) {
	if err := s.room.Tell(); err != nil {
		return isolation.Usage{}, err
	}
	used, err := s.Isolation.Runner().Run(ctx, command)
	return used, errors.Join(err, s.room.Learn())
}

func (s *stage) directoryOf(number int) string {
	return filepath.Join(s.making.directory, "run-"+strconv.Itoa(number))
}

// command prepares what is to run. cleanup is never nil.
func (s *stage) command(ctx context.Context, step Run, bundle string) (command isolation.Command, cleanup func(), err error) {
	cleanup = func() {}
	tree, err := s.now()
	if err != nil {
		return command, cleanup, err
	}
	who := &user.ExecUser{Home: "/root"}
	if step.User != "" {
		if who, err = whoIs(tree, step.User); err != nil {
			return command, cleanup, err
		}
	}
	capabilities, err := capabilitiesOf(step)
	if err != nil {
		return command, cleanup, err
	}
	command = isolation.Command{
		Root: s.room.Root, Tree: s.room.Aside, Ledger: s.room.Ledger, Args: step.Command, Env: step.Env, UID: uint32(who.Uid), GID: uint32(who.Gid), Home: who.Home,
		Limits: s.RunLimits, Capabilities: capabilities, Network: step.Network, Hostname: hostName, Bundle: bundle,
	}
	for _, group := range who.Sgids {
		command.Groups = append(command.Groups, uint32(group))
	}
	if command.Dir, err = s.directory(step.Dir); err != nil {
		return command, cleanup, err
	}
	for _, place := range s.Isolation.Runner().Places() {
		if _, err := s.place(place, true); err != nil {
			return command, cleanup, err
		}
	}
	command.Mounts, cleanup, err = s.mounts(ctx, step)
	return command, cleanup, err
}

// defaultCapabilities are those that Docker gives to containers.
var defaultCapabilities = []string{"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"}

// capabilitiesOf are the wanted ones that this process has itself.
func capabilitiesOf(step Run) ([]string, error) {
	own, err := capability.NewPid2(0)
	if err == nil {
		err = own.Load()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the capabilities of the engine: %w", err)
	}
	var given []string
	for _, known := range capability.ListKnown() {
		name := "CAP_" + strings.ToUpper(known.String())
		if own.Get(capability.BOUNDING, known) && (step.Insecure || slices.Contains(defaultCapabilities, name)) {
			given = append(given, name)
		}
	}
	slices.Sort(given)
	return given, nil
}

// mounts are those of the step, and the files of the network.
func (s *stage) mounts(ctx context.Context, step Run) (mounts []specs.Mount, cleanup func(), err error) {
	var undo []func() error
	cleanup = func() {
		for _, one := range slices.Backward(undo) {
			_ = one()
		}
	}
	if mounts, err = s.networkFiles(step); err != nil {
		return nil, cleanup, err
	}
	sources, release, err := s.mountSources(ctx, step.Mounts)
	undo = append(undo, release)
	if err != nil {
		return nil, cleanup, err
	}
	for i, wanted := range step.Mounts {
		mount, err := s.mount(wanted, sources[i])
		if err != nil {
			return nil, cleanup, err
		}
		mounts = append(mounts, mount)
	}
	return mounts, cleanup, ctx.Err()
}

// mountSource is the path on the disk that a mount shows.
func (s *stage) mountSource(wanted Mount) (source string, release func() error, err error) {
	if wanted.Tree == nil {
		return wanted.Source, nil, nil
	}
	return s.mountTree(*wanted.Tree, wanted.Source, wanted.ReadOnly)
}

func (s *stage) mount(wanted Mount, source string) (specs.Mount, error) {
	isDirectory := true
	mount := specs.Mount{Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=1777"}}
	if source != "" {
		status, err := os.Stat(source)
		if err != nil {
			return mount, fmt.Errorf("mounting at %s: %w", wanted.Target, err)
		}
		isDirectory = status.IsDir()
		mount = specs.Mount{Type: "bind", Source: source, Options: []string{"rbind", "nodev", "private"}}
	} else if wanted.Size > 0 {
		mount.Options = append(mount.Options, fmt.Sprintf("size=%d", wanted.Size))
	}
	if wanted.ReadOnly {
		mount.Options = append(mount.Options, "ro")
	} else {
		mount.Options = append(mount.Options, "rw")
	}
	mount.Options = append(mount.Options, wanted.mountOptions()...)
	target, err := s.place(wanted.Target, isDirectory)
	mount.Destination = "/" + target
	return mount, err
}

// CommandFailed says that a command ended with another status than 0.
type CommandFailed struct {
	Status int
	// Tail are the last lines of output, at most 50.
	Tail []string
	// DiskFull says that the command met a full disk, and it was the store's.
	DiskFull bool
	Cause    error
}

// Error tells the status.
func (c *CommandFailed) Error() string {
	return fmt.Sprintf("the command ended with exit status %d", c.Status)
}

// Unwrap gives what the isolation said.
func (c *CommandFailed) Unwrap() error { return c.Cause }
