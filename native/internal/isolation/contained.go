package isolation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// ociRunner is the name under which this program starts itself to watch over an OCI runtime.
const ociRunner = "slipway-oci-runtime"

// contained runs commands in containers by an OCI runtime.
type contained struct {
	runtime  string
	rootless bool
}

// Places are what the runtime mounts.
func (contained) Places() []string { return []string{"/dev", "/proc", "/sys"} }

// Run runs a command.
func (c contained) Run(_ context.Context, command Command) (Usage, error) {
	text, err := json.Marshal(c.spec(command))
	if err != nil {
		return Usage{}, fmt.Errorf("describing a container: %w", err)
	}
	if err := os.WriteFile(filepath.Join(command.Bundle, "config.json"), text, 0o600); err != nil {
		return Usage{}, fmt.Errorf("describing a container: %w", err)
	}
	name := "werf.build." + filepath.Base(filepath.Dir(command.Bundle)) + "." + filepath.Base(command.Bundle)
	state := filepath.Join(command.Bundle, "state")
	watched := exec.Command("/proc/self/exe")
	watched.Args = []string{ociRunner, c.runtime, state, command.Bundle, name}
	watched.Stdin, watched.Stdout, watched.Stderr = command.Stdin, command.Stdout, command.Stderr
	// From the first moment on, before it asks for that itself.
	watched.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err = watched.Run()
	return usageOf(watched.ProcessState), err
}

// sharedMemory is the size of /dev/shm.
const sharedMemory = "size=65536k"

func (c contained) spec(command Command) *specs.Spec {
	process := command.process()
	if command.UID == 0 {
		process.Capabilities.Ambient = nil
	}
	mounts := []specs.Mount{
		{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
		{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
		{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
		{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nosuid", "noexec", "nodev", "mode=1777", sharedMemory}},
		{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
		// A new one would show another network than the command has, and an ordinary user may not mount it.
		{Destination: "/sys", Type: "bind", Source: "/sys", Options: []string{"rbind", "nosuid", "noexec", "nodev", "ro"}},
	}
	return &specs.Spec{
		Version: specs.Version, Root: &specs.Root{Path: command.Root}, Hostname: command.Hostname, Process: process,
		Mounts: append(mounts, withoutMovable(command.Mounts)...),
		Linux: &specs.Linux{
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.MountNamespace}, {Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
			},
			MaskedPaths:   maskedPaths,
			ReadonlyPaths: readOnlyPaths,
		},
	}
}
