package isolation

import (
	"go.podman.io/buildah/define"

	"slipway.dev/engine/internal/host"
)

// Mode is a rung of the ladder: how run steps are isolated.
type Mode string

// The modes, highest rung first.
const (
	// Rootless runs steps in containers by an OCI runtime.
	Rootless Mode = "native-rootless"
	// Chroot runs steps under chroot with mounts of their own, sharing the host's network and processes.
	Chroot Mode = "native-chroot"
	// PlainChroot runs steps under chroot alone: no namespaces, no mounts.
	PlainChroot Mode = "plain-chroot"
	// NoRun runs no steps: only recipes without run steps can be built.
	NoRun Mode = "no-run"
)

// Choice is how the steps of this process are isolated, and why.
type Choice struct {
	Mode Mode
	// SingleID says that native-chroot has a user namespace of one id only.
	SingleID bool
	// Runtime is the path of the OCI runtime; empty under chroot.
	Runtime  string
	Why      string
	Warnings []string
	// NoNetwork is nil where steps can have an empty network of their own, else the reason why not.
	NoNetwork error
	rootless  bool
	// obstacle is why no step can run.
	obstacle *host.Obstacle
}

// Request is what the user asked for.
type Request struct {
	// Mode is auto (also empty, default), native-rootless, native-chroot, plain-chroot, or docker.
	Mode string
	// Ground is what this process stands on. Without a standing, Rootless decides between namespace and root.
	Ground host.Ground
	// Runtime names an OCI runtime; empty: the first that passes a trial.
	Runtime string
	// Rootless says that this process is in the user namespace of an ordinary user.
	Rootless bool
	// Scratch is a directory for trials, where programs can be run.
	Scratch string
	// Memory is a file that keeps the outcome of trials until the next boot.
	Memory string
}

func (r Request) standing() host.Standing {
	switch {
	case r.Ground.Standing != "":
		return r.Ground.Standing
	case r.Rootless:
		return host.InNamespace
	}
	return host.AsRoot
}

// Buildah is the library's name of the choice.
func (c Choice) Buildah() define.Isolation {
	switch {
	case c.Mode != Rootless:
		return define.IsolationChroot
	case c.rootless:
		return define.IsolationOCIRootless
	}
	return define.IsolationOCI
}
