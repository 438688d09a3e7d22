package store

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"go.podman.io/storage/pkg/unshare"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// ownMountsMark says that this process already has a mount namespace of its own.
const ownMountsMark = "SLIPWAY_OWN_MOUNTS"

// EnterNamespace moves this process to where it can use the store, and may start the program again for that: an
// ordinary user gets a user namespace with the subordinate ids, root a mount namespace, so that nothing stays mounted
// when the process is gone. It returns once there, or with what the host does not allow.
func EnterNamespace() error {
	root := host.Root("/")
	if os.Geteuid() == 0 && (root.Has(unix.CAP_SYS_ADMIN) || unshare.GetRootlessUID() > 0) {
		if unshare.GetRootlessUID() > 0 {
			return nil
		}
		return enterMountNamespace()
	}
	if os.Geteuid() == 0 {
		return &host.Obstacle{
			Code:    host.UserNamespaceDenied,
			Message: "this root has no CAP_SYS_ADMIN, so it can neither mount nor enter a user namespace",
			Remedy:  "run as an ordinary user where user namespaces are allowed, or give the container CAP_SYS_ADMIN",
		}
	}
	if obstacle := host.UserNamespace(root); obstacle != nil {
		return obstacle
	}
	unshare.MaybeReexecUsingUserNamespace(false)
	return nil
}

// enterMountNamespace replaces this program by itself in a new mount namespace; mounts of the host still arrive there.
func enterMountNamespace() error {
	if os.Getenv(ownMountsMark) != "" {
		return os.Unsetenv(ownMountsMark)
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("entering a mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("keeping mounts from the host: %w", err)
	}
	err := syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), ownMountsMark+"=1"))
	return fmt.Errorf("starting again in a mount namespace: %w", err)
}
