package isolation

import (
	"context"

	"github.com/opencontainers/runtime-spec/specs-go"
	"go.podman.io/buildah/chroot"
)

// chrooted runs commands by Buildah's chroot isolation: mounts and host name of their own, network and processes shared.
type chrooted struct{}

// Places are what the library binds from the host.
func (chrooted) Places() []string { return []string{"/dev", "/proc", "/sys"} }

// Run runs a command.
func (chrooted) Run(_ context.Context, command Command) error {
	spec := &specs.Spec{
		Version: specs.Version, Root: &specs.Root{Path: command.Root}, Hostname: command.Hostname,
		Process: command.process(), Mounts: command.Mounts, Linux: &specs.Linux{},
	}
	return chroot.RunUsingChroot(spec, command.Bundle, command.Home, command.Stdin, command.Stdout, command.Stderr, false)
}
