package store

import (
	"fmt"

	"slipway.dev/engine/internal/host"
)

// EnterNamespace moves this process to where it can use the store, as high as trials show to be possible, and may start
// the program again for that: a user gets a user namespace, root a mount namespace, so that nothing stays mounted when
// the process is gone. It returns once there, with where that is and why it is no higher.
func EnterNamespace() host.Ground { return host.Enter(libraryEnvironment) }

// libraryEnvironment tells the storage library that it is in a user namespace, and who made that.
func libraryEnvironment(uid, gid int) []string {
	return []string{
		"_CONTAINERS_USERNS_CONFIGURED=done",
		fmt.Sprintf("_CONTAINERS_ROOTLESS_UID=%d", uid),
		fmt.Sprintf("_CONTAINERS_ROOTLESS_GID=%d", gid),
	}
}
