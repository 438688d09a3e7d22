package host

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Has says whether this process has the capability in effect, such as unix.CAP_SYS_ADMIN.
func (r Root) Has(capability int) bool {
	for line := range strings.Lines(r.read("/proc/self/status")) {
		if hex, found := strings.CutPrefix(line, "CapEff:"); found {
			mask, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return err == nil && mask&(1<<capability) != 0
		}
	}
	return false
}

// InitialUserNamespace says whether the ids of this process are those of the machine.
func (r Root) InitialUserNamespace() bool {
	return strings.Join(strings.Fields(r.read("/proc/self/uid_map")), " ") == "0 0 4294967295"
}

// MayRaiseLimits says whether hard limits can be raised: the capability counts in the machine's own namespace only.
func (r Root) MayRaiseLimits() bool {
	return r.InitialUserNamespace() && r.Has(unix.CAP_SYS_RESOURCE)
}

// FreeSpace tells the free and the total bytes of the file system that holds path.
func FreeSpace(path string) (free, total uint64, err error) {
	var status unix.Statfs_t
	if err := unix.Statfs(path, &status); err != nil {
		return 0, 0, fmt.Errorf("reading the free space of %s: %w", path, err)
	}
	return status.Bavail * uint64(status.Bsize), status.Blocks * uint64(status.Bsize), nil
}
