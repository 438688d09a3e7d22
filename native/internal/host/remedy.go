package host

import (
	"fmt"
	"os"
	"strings"
)

// Remedy is what removes a cause in this environment, as lines to type or to write, joined to one sentence. The subject
// is the account, the program or the capabilities it is about.
func (e Environment) Remedy(cause Cause, subject string) string {
	return strings.Join(e.Fixes(cause, subject), between)
}

// Fixes are the ways to remove a cause, best first.
func (e Environment) Fixes(cause Cause, subject string) []string {
	switch cause {
	case NamespacesOff, NamespacesUsedUp:
		return []string{e.onMachine(persist("user.max_user_namespaces = 15000"))}
	case CloneOff:
		return []string{e.onMachine(persist("kernel.unprivileged_userns_clone = 1"))}
	case AppArmorNamespaces:
		return []string{e.onMachine(persist("kernel.apparmor_restrict_unprivileged_userns = 0")), e.onMachine(profileFix())}
	case AppArmorProfile:
		return e.orOnHost(fmt.Sprintf("`sudo aa-complain %s`", subject), appArmorChange)
	case SELinux:
		return e.orOnHost("`sudo ausearch -m avc -ts recent` shows what was denied; `sudo setenforce 0` shows whether it is that", selinuxChange)
	case SeccompRefuses, SeccompKills:
		return e.seccompFixes()
	case ProcMissing:
		return e.orOnHost("`sudo mount -t proc proc /proc`, in a chroot `sudo mount --rbind /proc DIRECTORY/proc` before", procChange)
	case KernelWithout:
		return e.kernelFixes()
	case Chrooted:
		return []string{"run slipway outside the chroot, or enter its directory by `sudo systemd-nspawn -D DIRECTORY` instead"}
	case NoNewPrivileges:
		return e.orOnHost("start slipway without no_new_privs (in a systemd unit: `NoNewPrivileges=no`)", privilegesChange)
	case CapabilitiesMissing:
		return e.orOnHost("run as root with the capabilities "+subject, addCapabilities(strings.Fields(subject)))
	case DevicesUnusable:
		return []string{"set TMPDIR to a directory of a file system that is mounted without nodev"}
	case NoWritableDirectory:
		return e.orOnHost("set TMPDIR to a directory that can be written", writableChange)
	}
	return e.rangeFixes(cause, subject)
}

var mapPackage = Package{Debian: "uidmap", Fedora: "shadow-utils", Alpine: "shadow-uidmap", Arch: "shadow", SUSE: "shadow"}

// rangeFixes are those of subordinate ids.
func (e Environment) rangeFixes(cause Cause, subject string) []string {
	switch cause {
	case MapProgramMissing:
		return []string{e.Install(mapPackage)}
	case MapProgramPowerless:
		// The bit alone has no power in ordinary containers.
		if e.Contained() {
			return []string{e.fileCapabilities(nil)}
		}
		return []string{
			"`sudo chmod u+s $(command -v newuidmap newgidmap)`",
			"`sudo setcap cap_setuid=ep $(command -v newuidmap)` and `sudo setcap cap_setgid=ep $(command -v newgidmap)`",
		}
	case MapProgramBounded:
		return []string{e.fileCapabilities(strings.Fields(subject))}
	case MapProgramForeign:
		return []string{"`sudo chown root: $(command -v newuidmap newgidmap)` and `sudo chmod u+s $(command -v newuidmap newgidmap)`"}
	case MapProgramNosuid:
		return []string{fmt.Sprintf("`sudo mount -o remount,suid %s`", subject)}
	case RangesUnreadable:
		return []string{"`sudo chmod 644 /etc/subuid /etc/subgid`"}
	case RangesMissing, RangesSmall:
		return []string{
			fmt.Sprintf("`echo '%s:100000:65536' | sudo tee -a /etc/subuid /etc/subgid` (choose a start that no other line uses)", subject),
			fmt.Sprintf("`sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s`", subject),
		}
	case Nameless:
		return []string{fmt.Sprintf("`echo 'builder:x:%d:%d::/tmp:/bin/sh' | sudo tee -a /etc/passwd` and "+
			"`echo 'builder:100000:65536' | sudo tee -a /etc/subuid /etc/subgid`", e.UID, e.UID)}
	case MapProgramRefuses:
		return []string{"make /etc/subuid and /etc/subgid of root readable for all, with ranges that do not overlap and belong to " + subject}
	}
	return e.orOnHost("run as a user where user namespaces are allowed, or as root with CAP_SYS_ADMIN", seccompChange, appArmorChange)
}

// fileCapabilities gives newuidmap and newgidmap, by their paths in this order, file capabilities in place of the setuid bit.
func (e Environment) fileCapabilities(paths []string) string {
	if len(paths) != len(mapPrograms) {
		paths = []string{"/usr/bin/newuidmap", "/usr/bin/newgidmap"}
	}
	if e.Contained() {
		return fmt.Sprintf("in the image of the container: `RUN chmod u-s %s %s && setcap cap_setuid=ep %s && setcap cap_setgid=ep %s` (setcap: %s)",
			paths[0], paths[1], paths[0], paths[1], e.packageOf(capPackage))
	}
	return fmt.Sprintf("`sudo chmod u-s %s %s`, `sudo setcap cap_setuid=ep %s` and `sudo setcap cap_setgid=ep %s`", paths[0], paths[1], paths[0], paths[1])
}

var capPackage = Package{Debian: "libcap2-bin", Fedora: "libcap", Alpine: "libcap", Arch: "libcap", SUSE: "libcap-progs"}

func (e Environment) seccompFixes() []string {
	changes := []change{seccompChange}
	if e.Profile != "" {
		changes = append(changes, appArmorChange)
	}
	fixes := e.orOnHost("lift the system call filter of what starts slipway (in a systemd unit: `SystemCallFilter=` and `RestrictNamespaces=no`)",
		changes...)
	if e.Contained() && e.UID != 0 {
		fixes = append(fixes, "run as root of the container, which needs no namespaces: "+e.change(rootChange))
	}
	return fixes
}

func (e Environment) kernelFixes() []string {
	if e.Place == OnWSL1 {
		return []string{"`wsl --set-version DISTRIBUTION 2` on Windows"}
	}
	return []string{e.onMachine("boot a kernel with CONFIG_USER_NS=y")}
}

// orOnHost is a change of the container's settings, or the sentence where there is no container.
func (e Environment) orOnHost(sentence string, changes ...change) []string {
	if e.Contained() {
		return []string{e.change(changes...)}
	}
	return []string{sentence}
}

// onMachine says where a setting of the kernel must be changed: not in a container.
func (e Environment) onMachine(what string) string {
	if e.Contained() {
		return "on the machine that runs the container: " + what
	}
	return what
}

func persist(setting string) string {
	return fmt.Sprintf("`echo '%s' | sudo tee -a /etc/sysctl.conf` then `sudo sysctl -p`", setting)
}

// profileFix allows user namespaces to this program alone.
func profileFix() string {
	program, err := os.Executable()
	if err != nil {
		program = "/usr/bin/slipway-engine"
	}
	return fmt.Sprintf("`printf 'abi <abi/4.0>,\\nprofile slipway-engine %s flags=(unconfined) {\\n  userns,\\n}\\n' | "+
		"sudo tee /etc/apparmor.d/slipway-engine` then `sudo apparmor_parser -r /etc/apparmor.d/slipway-engine`", program)
}

// Package is how distributions call a package; empty: as Debian does.
type Package struct{ Debian, Fedora, Alpine, Arch, SUSE string }

// packageOf is the name of a package here.
func (e Environment) packageOf(wanted Package) string {
	name := map[string]string{"fedora": wanted.Fedora, "alpine": wanted.Alpine, "arch": wanted.Arch, "suse": wanted.SUSE}[e.Family]
	if name == "" {
		return wanted.Debian
	}
	return name
}

// installers install a package, by family.
var installers = map[string]string{
	"debian": "apt-get install -y ", "fedora": "dnf install -y ", "alpine": "apk add ", "arch": "pacman -S ", "suse": "zypper install ",
}

// Install is the command that installs a package here.
func (e Environment) Install(wanted Package) string {
	installer, known := installers[e.Family]
	if !known {
		return "install the package " + wanted.Debian
	}
	command := installer + e.packageOf(wanted)
	switch {
	case e.Contained():
		return fmt.Sprintf("in the image of the container: `%s`", command)
	case e.UID == 0:
		return fmt.Sprintf("`%s`", command)
	}
	return fmt.Sprintf("`sudo %s`", command)
}
