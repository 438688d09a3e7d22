package host

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// capabilityNames are those that builds need, in the order of sentences.
var capabilityNames = map[int]string{
	unix.CAP_CHOWN: "CHOWN", unix.CAP_DAC_OVERRIDE: "DAC_OVERRIDE", unix.CAP_FOWNER: "FOWNER", unix.CAP_FSETID: "FSETID",
	unix.CAP_MKNOD: "MKNOD", unix.CAP_SETFCAP: "SETFCAP", unix.CAP_SETGID: "SETGID", unix.CAP_SETUID: "SETUID",
	unix.CAP_SYS_ADMIN: "SYS_ADMIN", unix.CAP_SYS_CHROOT: "SYS_CHROOT", unix.CAP_KILL: "KILL",
}

// Has says whether this process has the capability in effect, such as unix.CAP_SYS_ADMIN.
func (r Root) Has(capability int) bool {
	mask, err := strconv.ParseUint(r.status("CapEff"), 16, 64)
	if err != nil && r == "/" {
		return !lacksNow(capability)
	}
	return err == nil && mask&(1<<capability) != 0
}

// mayGain says whether a program that this process starts can have the capability: it is in the bounding set.
func (r Root) mayGain(capability int) bool {
	mask, err := strconv.ParseUint(r.status("CapBnd"), 16, 64)
	return err != nil || mask&(1<<capability) != 0
}

// missingCapabilities lists the names of those that this process has not in effect.
func missingCapabilities(wanted ...int) []string {
	var missing []string
	for _, capability := range wanted {
		if lacksNow(capability) {
			missing = append(missing, capabilityNames[capability])
		}
	}
	return missing
}

// lacksNow asks the kernel, which answers without /proc, too.
func lacksNow(capability int) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return true
	}
	return data[capability/32].Effective&(1<<(capability%32)) == 0
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
