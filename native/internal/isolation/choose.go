package isolation

import (
	"context"
	"errors"
	"fmt"
	"os"

	"slipway.dev/engine/internal/host"
)

// Codes of what cannot be had.
const (
	// ModeRefused says that a mode needs another standing.
	ModeRefused = "MODE_REFUSED"
	// NoRuntime says that no OCI runtime works, or not the one asked for.
	NoRuntime = "NO_RUNTIME"
)

// Choose takes the highest rung that a trial shows to work, or exactly the one asked for.
func Choose(ctx context.Context, request Request) (Choice, error) {
	choice, err := choose(ctx, request)
	if err == nil && choice.Mode != NoRun {
		choice.NoNetwork = tryEmptyNetwork()
	}
	return choice, err
}

func choose(ctx context.Context, request Request) (Choice, error) {
	switch request.Mode {
	case "", "auto", "default":
		return chooseFreely(ctx, request)
	case "docker":
		choice, err := chooseFreely(ctx, request)
		choice.Warnings = append(choice.Warnings,
			"WERF_BUILDAH_MODE=docker: there is no Docker daemon to build with, so the mode is chosen as with auto")
		return choice, err
	case string(Rootless):
		return chooseRootless(ctx, request)
	case string(Chroot):
		return chooseChroot(request)
	case string(PlainChroot):
		return choosePlain(request)
	}
	return Choice{}, fmt.Errorf("unexpected mode %q: use auto, %s, %s or %s", request.Mode, Rootless, Chroot, PlainChroot)
}

func chooseFreely(ctx context.Context, request Request) (Choice, error) {
	switch request.standing() {
	case host.InNamespace:
		return chooseByTrial(ctx, request)
	case host.SingleID:
		why := "native-chroot in a user namespace of one id" + nearest(request)
		return Choice{Mode: Chroot, SingleID: true, Why: why, rootless: true}, nil
	case host.Plain:
		return Choice{Mode: PlainChroot, Why: "plain-chroot" + nearest(request)}, nil
	case host.Bare:
		return Choice{Mode: NoRun, Why: "no step can be run" + nearest(request), obstacle: request.Ground.Reason()}, nil
	}
	return Choice{Mode: Chroot, Why: "native-chroot, as this is root (native-rootless runs steps in containers, where it is asked for)"}, nil
}

// chooseByTrial is for a user namespace with ranges of ids.
func chooseByTrial(ctx context.Context, request Request) (Choice, error) {
	runtime, err := FindRuntime(ctx, request)
	if ctx.Err() != nil {
		return Choice{}, ctx.Err()
	}
	if err != nil {
		return Choice{Mode: Chroot, Why: "native-chroot, as " + err.Error(), rootless: true}, nil
	}
	why := fmt.Sprintf("native-rootless, as %s ran a trial container; steps share the host's network", runtime)
	return Choice{Mode: Rootless, Runtime: runtime, Why: why, rootless: true}, nil
}

func chooseRootless(ctx context.Context, request Request) (Choice, error) {
	standing := request.standing()
	var cause error
	switch standing {
	case host.AsRoot, host.InNamespace:
		runtime, err := FindRuntime(ctx, request)
		if err == nil {
			why := fmt.Sprintf("native-rootless was asked for, %s ran a trial container; steps share the host's network", runtime)
			return Choice{Mode: Rootless, Runtime: runtime, Why: why, rootless: standing == host.InNamespace}, nil
		}
		cause = err
	default:
		cause = hindrance(request)
	}
	place := "here"
	if inContainer() {
		place = "in this container"
	}
	return Choice{}, fmt.Errorf("native-rootless is not available %s: %w", place, cause)
}

func chooseChroot(request Request) (Choice, error) {
	choice := Choice{Mode: Chroot, Why: "native-chroot was asked for"}
	switch request.standing() {
	case host.AsRoot:
	case host.InNamespace:
		choice.rootless = true
	case host.SingleID:
		choice.SingleID, choice.rootless = true, true
		choice.Why += "; its user namespace has one id" + nearest(request)
	default:
		return Choice{}, fmt.Errorf("native-chroot is not available here: %w", hindrance(request))
	}
	return choice, nil
}

func choosePlain(request Request) (Choice, error) {
	switch standing := request.standing(); standing {
	case host.Plain, host.AsRoot:
		return Choice{Mode: PlainChroot, Why: "plain-chroot was asked for"}, nil
	case host.Bare:
		if reason := request.Ground.Reason(); reason != nil && os.Geteuid() == 0 {
			return Choice{}, fmt.Errorf("plain-chroot is not available here: %w", reason)
		}
	}
	return Choice{}, &host.Obstacle{
		Code: ModeRefused, Message: "plain-chroot is not available here: it needs root, and this is an ordinary user",
		Remedy: "run slipway as root; or unset WERF_BUILDAH_MODE, so that it takes what there is",
	}
}

// nearest tells why no higher rung was taken.
func nearest(request Request) string {
	reason := request.Ground.Reason()
	if reason == nil {
		return ""
	}
	return ", as " + reason.Message
}

// hindrance is the ground's first reason: the highest rung's. Its remedy goes with it.
func hindrance(request Request) error {
	if len(request.Ground.Obstacles) == 0 {
		return errNothing
	}
	return &request.Ground.Obstacles[0]
}

// errNothing stands where no reason is known.
var errNothing = errors.New("this environment allows neither mounts nor namespaces nor chroot")

// Hindrance is why no step can be run, nil where steps can. Its remedy goes with it.
func (c Choice) Hindrance() error {
	switch {
	case c.Mode != NoRun:
		return nil
	case c.obstacle == nil:
		return errNothing
	}
	return c.obstacle
}

// inContainer says that this process runs in a container that says so itself.
func inContainer() bool {
	if os.Getenv("WERF_CONTAINERIZED") == "yes" {
		return true
	}
	for _, sign := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(sign); err == nil {
			return true
		}
	}
	return false
}
