package host

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// fewFiles is a limit of open files that large builds reach.
const fewFiles = 4096

func (x examination) files() Check {
	const id, title = "open-files", "limit of open files"
	limits := x.site.Limits
	if limits == nil {
		limits, _ = Limits()
	}
	for _, limit := range limits {
		if limit.Name != "nofile" {
			continue
		}
		found := fmt.Sprintf("%d, at most %d", limit.Soft, limit.Hard)
		if limit.Hard != -1 && limit.Hard < fewFiles {
			return bad(Limited, id, title, found, x.at.raiseLimit("nofile", 65536))
		}
		return good(id, title, found)
	}
	return good(id, title, "unknown")
}

// asked tells whether those that were asked for can be given.
func (x examination) asked() Check {
	const id, title = "ulimit", "WERF_BUILDAH_ULIMIT"
	obstacle := x.site.Asked
	if obstacle == nil {
		return good(id, title, "nothing that is not possible")
	}
	return bad(Missing, id, title, "cannot be given", obstacle.Fixes()...).withError(obstacle)
}

func (x examination) seccomp() Check {
	const id, title = "seccomp", "system call filter"
	switch x.root.status("Seccomp") {
	case "0":
		return good(id, title, "none")
	case "":
		return good(id, title, "unknown")
	}
	if x.ground.Standing == AsRoot || x.ground.Standing == InNamespace || x.ground.Standing == SingleID {
		return good(id, title, "one that allows what is needed")
	}
	return bad(Limited, id, title, "one that refuses namespaces or mounts", x.at.Fixes(SeccompRefuses, "")...)
}

func (x examination) privileges() Check {
	const id, title = "no-new-privileges", "no_new_privs"
	if x.root.status("NoNewPrivs") != "1" {
		return good(id, title, "not set")
	}
	if x.asRoot() {
		return good(id, title, "set, which does not matter to root")
	}
	return bad(Limited, id, title, "set: newuidmap has no power, so no ranges of ids can be mapped", x.at.Fixes(NoNewPrivileges, "")...)
}

func (x examination) capabilities() Check {
	const id, title = "capabilities", "capabilities"
	if !x.asRoot() {
		return good(id, title, "not those of root; a user namespace gives its own")
	}
	var missing []string
	for _, capability := range []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_MKNOD, unix.CAP_SETFCAP,
		unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SYS_CHROOT} {
		if !x.root.Has(capability) {
			missing = append(missing, capabilityNames[capability])
		}
	}
	if len(missing) > 0 {
		names := strings.Join(missing, " ")
		return bad(Limited, id, title, "root without "+names, x.at.Fixes(CapabilitiesMissing, names)...)
	}
	if !x.root.Has(unix.CAP_SYS_ADMIN) {
		return good(id, title, "those of root in a container, without SYS_ADMIN")
	}
	return good(id, title, "all that are needed")
}

func (x examination) appArmor() Check {
	const id, title = "apparmor", "AppArmor profile of this process"
	profile := x.root.profile()
	switch {
	case profile == "":
		return good(id, title, "none")
	case x.ground.Standing == Plain || x.ground.Standing == Bare:
		return bad(Limited, id, title, profile+": profiles of containers refuse mounts", x.at.Fixes(AppArmorProfile, profile)...)
	}
	return good(id, title, profile)
}

func (x examination) selinux() Check {
	const id, title = "selinux", "SELinux"
	switch {
	case !x.root.exists("/sys/fs/selinux/enforce"):
		return good(id, title, "not in use")
	case !x.root.enforcing():
		return good(id, title, "permissive")
	case x.ground.Standing == Plain || x.ground.Standing == Bare || x.obstacle(MountDenied, UserNamespaceDenied) != nil:
		return bad(Limited, id, title, "enforcing: it may be what refuses mounts or namespaces", x.at.Fixes(SELinux, "")...)
	}
	return good(id, title, "enforcing")
}

func (x examination) windows() Check {
	const id, title = "wsl", "Windows Subsystem for Linux"
	switch x.at.Place {
	case OnWSL1:
		return bad(Missing, id, title, "version 1 has no Linux kernel, so neither namespaces nor overlay", x.at.Fixes(KernelWithout, "")...)
	case OnWSL2:
		return good(id, title, "version 2")
	}
	return good(id, title, "not in use")
}
