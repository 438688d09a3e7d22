package isolation

import (
	"context"
	"fmt"
	"strings"

	"go.podman.io/buildah/define"
)

// Mode is a rung of the ladder: how run steps are isolated.
type Mode string

// The modes, highest rung first.
const (
	// Rootless runs steps in containers by an OCI runtime.
	Rootless Mode = "native-rootless"
	// Chroot runs steps under chroot, sharing the host's network and processes.
	Chroot Mode = "native-chroot"
)

// Choice is how the steps of this process are isolated, and why.
type Choice struct {
	Mode Mode
	// Runtime is the path of the OCI runtime; empty under chroot.
	Runtime  string
	Why      string
	Warnings []string
	rootless bool
}

// Request is what the user asked for.
type Request struct {
	// Mode is auto (also empty, default), native-chroot, native-rootless, or docker.
	Mode string
	// Runtime names an OCI runtime; empty: the first that passes a trial.
	Runtime string
	// Rootless says that this process is in the user namespace of an ordinary user.
	Rootless bool
	// Scratch is a directory for trials, where programs can be run.
	Scratch string
	// Memory is a file that keeps the outcome of trials until the next boot.
	Memory string
}

// Choose takes the highest rung that a trial shows to work, or exactly the one asked for.
func Choose(ctx context.Context, request Request) (Choice, error) {
	switch request.Mode {
	case "", "auto", "default":
		return chooseFreely(ctx, request)
	case "docker":
		choice, err := chooseFreely(ctx, request)
		choice.Warnings = append(choice.Warnings,
			"WERF_BUILDAH_MODE=docker: there is no Docker daemon to build with, so the mode is chosen as with auto")
		return choice, err
	case string(Chroot):
		return Choice{Mode: Chroot, Why: "native-chroot was asked for", rootless: request.Rootless}, nil
	case string(Rootless):
		runtime, err := FindRuntime(ctx, request)
		if err != nil {
			return Choice{}, fmt.Errorf("native-rootless is not available here: %w", err)
		}
		why := fmt.Sprintf("native-rootless was asked for, %s ran a trial container; steps share the host's network", runtime)
		return Choice{Mode: Rootless, Runtime: runtime, Why: why, rootless: request.Rootless}, nil
	}
	return Choice{}, fmt.Errorf("unexpected mode %q: use auto, native-chroot or native-rootless", request.Mode)
}

func chooseFreely(ctx context.Context, request Request) (Choice, error) {
	if !request.Rootless {
		return Choice{Mode: Chroot, Why: "native-chroot, as this is root"}, nil
	}
	runtime, err := FindRuntime(ctx, request)
	if ctx.Err() != nil {
		return Choice{}, ctx.Err()
	}
	if err != nil {
		reason := strings.ReplaceAll(err.Error(), "\n", " ")
		return Choice{Mode: Chroot, Why: "native-chroot, as no OCI runtime works: " + reason, rootless: true}, nil
	}
	why := fmt.Sprintf("native-rootless, as %s ran a trial container; steps share the host's network", runtime)
	return Choice{Mode: Rootless, Runtime: runtime, Why: why, rootless: true}, nil
}

// Buildah is the library's name of the choice.
func (c Choice) Buildah() define.Isolation {
	switch {
	case c.Mode == Chroot:
		return define.IsolationChroot
	case c.rootless:
		return define.IsolationOCIRootless
	}
	return define.IsolationOCI
}
