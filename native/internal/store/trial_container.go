package store

import (
	"os"

	"slipway.dev/engine/internal/host"
)

// contained says whether this process is in a container: the advice differs there, and so do mount options.
func contained() bool { return host.Surroundings(host.Root("/"), os.Getenv).Contained() }
