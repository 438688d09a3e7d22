package host

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
)

// kernelRelease is `uname -r` below the root.
func (r Root) kernelRelease() string { return r.read("/proc/sys/kernel/osrelease") }

// kernelAtLeast compares major and minor numbers.
func kernelAtLeast(release string, major, minor int) bool {
	var haveMajor, haveMinor int
	if _, err := fmt.Sscanf(release, "%d.%d", &haveMajor, &haveMinor); err != nil {
		return false
	}
	return haveMajor > major || haveMajor == major && haveMinor >= minor
}

func (x examination) kernel() Check {
	const id, title = "kernel", "kernel version"
	release := x.root.kernelRelease()
	switch {
	case release == "":
		return bad(Limited, id, title, "unknown: /proc/sys/kernel/osrelease cannot be read", x.at.Fixes(ProcMissing, "")...)
	case x.asRoot() || kernelAtLeast(release, 5, 13):
		return good(id, title, release)
	}
	// With fuse-overlayfs users need no newer kernel, and it is had more cheaply.
	fixes := append(x.fuse().Fixes, x.at.onMachine("boot a newer kernel"))
	return bad(Limited, id, title, release+": overlay mounts of users need 5.13, with some distributions 5.11", fixes...)
}

var fusePackage = Package{Debian: "fuse-overlayfs"}

func (x examination) overlay() Check {
	const id, title = "overlay", "overlay file system"
	if strings.Contains(x.root.read("/proc/filesystems")+"\n", "\toverlay\n") {
		return good(id, title, "known to the kernel")
	}
	if x.root.read("/proc/filesystems") == "" {
		return good(id, title, "unknown: /proc/filesystems cannot be read")
	}
	load := x.at.onMachine("`sudo modprobe overlay` (`lsmod | grep overlay` shows whether it is loaded)")
	if x.root.loadable("overlay") {
		return bad(Limited, id, title, "not loaded, its module is there", load)
	}
	return bad(Limited, id, title, "unknown to the kernel, and no module of it is found", load, x.at.Install(fusePackage))
}

// loadable says whether the running kernel has a module.
func (r Root) loadable(module string) bool {
	for _, list := range []string{"modules.dep", "modules.builtin"} {
		text := r.read("/lib/modules/" + r.kernelRelease() + "/" + list)
		if strings.Contains(text, "/"+module+".ko") {
			return true
		}
	}
	return false
}

// kernelOption reads an option of the kernel's configuration; false: the configuration is nowhere.
func (r Root) kernelOption(name string) (value string, known bool) {
	if text := r.read("/boot/config-" + r.kernelRelease()); text != "" {
		return optionIn(bufio.NewScanner(strings.NewReader(text)), name), true
	}
	file, err := os.Open(r.path("/proc/config.gz"))
	if err != nil {
		return "", false
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		return "", false
	}
	return optionIn(bufio.NewScanner(text), name), true
}

func optionIn(lines *bufio.Scanner, name string) string {
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name+"="); found {
			return value
		}
	}
	return "n"
}

func (x examination) namespaceSupport() Check {
	const id, title = "userns-kernel", "user namespaces in the kernel (CONFIG_USER_NS)"
	value, known := x.root.kernelOption("CONFIG_USER_NS")
	switch {
	case known && value == "y":
		return good(id, title, "CONFIG_USER_NS=y")
	case known:
		return bad(x.forUsers(), id, title, "CONFIG_USER_NS is not set", x.at.Fixes(KernelWithout, "")...)
	case !x.root.exists("/proc/self/status"):
		return good(id, title, "unknown: /proc is not mounted")
	case x.root.exists("/proc/self/ns/user"):
		return good(id, title, "the configuration is not readable, /proc/self/ns/user exists")
	}
	return bad(x.forUsers(), id, title, "neither the configuration nor /proc/self/ns/user can be read", x.at.Fixes(KernelWithout, "")...)
}

// forUsers is the state of what users cannot do without, and root can.
func (x examination) forUsers() State {
	if x.asRoot() {
		return Limited
	}
	return Missing
}

func (x examination) namespaceTrial() Check {
	const id, title = "userns", "making a user namespace"
	if obstacle := x.obstacle(UserNamespaceDenied, NoProc); obstacle != nil {
		return byObstacle(x.forUsers(), id, title, obstacle)
	}
	if x.ground.Standing == AsRoot {
		return good(id, title, "not needed by root")
	}
	return good(id, title, "works")
}

func (x examination) mountTrial() Check {
	const id, title = "mounts", "mounting in a namespace of one's own"
	if obstacle := x.obstacle(MountDenied); obstacle != nil {
		return byObstacle(x.forUsers(), id, title, obstacle)
	}
	if x.ground.Standing == Plain || x.ground.Standing == Bare {
		return bad(x.forUsers(), id, title, "there is no namespace to mount in", x.ground.Fixes(NoChroot, NoMknod)...)
	}
	return good(id, title, "works")
}

func (x examination) namespaceClone() Check {
	const id, title = "unprivileged-userns-clone", "kernel.unprivileged_userns_clone"
	switch value := x.root.read("/proc/sys/kernel/unprivileged_userns_clone"); value {
	case "":
		return good(id, title, "this kernel has no such setting")
	case "0":
		return bad(x.forUsers(), id, title, value, x.at.Fixes(CloneOff, "")...)
	default:
		return good(id, title, value)
	}
}

func (x examination) namespaceAppArmor() Check {
	const id, title = "apparmor-userns", "kernel.apparmor_restrict_unprivileged_userns"
	value := x.root.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
	switch {
	case value == "":
		return good(id, title, "this kernel has no such setting")
	case value == "0":
		return good(id, title, value)
	case x.asRoot() || x.ground.Standing == InNamespace || x.ground.Standing == SingleID:
		return good(id, title, value+", not in the way of this program")
	}
	return bad(Missing, id, title, value, x.at.Fixes(AppArmorNamespaces, "")...)
}

// ampleNamespaces is below what many builds side by side need.
const ampleNamespaces = 15000

func (x examination) namespaceCount() Check {
	const id, title = "max-user-namespaces", "user.max_user_namespaces"
	value := x.root.read("/proc/sys/user/max_user_namespaces")
	if x.ground.Outside != nil {
		value = x.ground.Outside.MaxNamespaces
	}
	var count int
	if _, err := fmt.Sscan(value, &count); err != nil {
		return good(id, title, "this kernel has no such setting")
	}
	switch {
	case count == 0:
		return bad(x.forUsers(), id, title, value, x.at.Fixes(NamespacesOff, "")...)
	case count < ampleNamespaces:
		return bad(Limited, id, title, fmt.Sprintf("%d, below %d", count, ampleNamespaces), x.at.Fixes(NamespacesOff, "")...)
	}
	return good(id, title, value)
}
