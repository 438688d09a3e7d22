package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// obstacle makes one with the remedy of this environment.
func (l *ladder) obstacle(code string, cause Cause, subject, format string, values ...any) *Obstacle {
	return &Obstacle{Code: code, Cause: cause, Message: fmt.Sprintf(format, values...), Remedy: l.at.Remedy(cause, subject)}
}

// because explains why a program could not live in a user namespace.
func (l *ladder) because(failure entryFailure, subject string) *Obstacle {
	switch failure.stage {
	case stageClone:
		return l.refused(failure.denial)
	case stageMap:
		return l.unmapped(failure.denial, subject)
	}
	return l.noMounts(failure.denial)
}

// refused explains why the kernel makes no user namespace.
func (l *ladder) refused(denied *denial) *Obstacle {
	cause, sentence := l.root.whyRefused(denied, l.at.UID)
	if cause == UnknownCause && denied.code == syscall.EPERM && l.at.Profile == "" && !l.at.Contained() {
		cause, sentence = Chrooted, "this environment refuses user namespaces, which the kernel does to a process that was moved by chroot"
	}
	said := denied.Error()
	if denied.code == syscall.ENOSPC {
		// The kernel's words for it are about disks.
		call, _, _ := strings.Cut(said, ": ")
		said = call + ": " + unix.ErrnoName(denied.code)
	}
	return l.obstacle(UserNamespaceDenied, cause, "", "%s (%s)", sentence, said)
}

// whyRefused finds the cause behind the kernel's answer. What is certain comes before what is likely.
func (r Root) whyRefused(denied *denial, uid int) (Cause, string) {
	most, _ := r.number("/proc/sys/user/max_user_namespaces")
	switch {
	case denied.killed:
		return SeccompKills, "the seccomp filter of this environment kills a process that makes a user namespace"
	case r.read("/proc/sys/user/max_user_namespaces") == "0":
		return NamespacesOff, "user namespaces are switched off: user.max_user_namespaces is 0"
	case denied.code == syscall.ENOSPC, denied.code == syscall.EUSERS:
		return NamespacesUsedUp, fmt.Sprintf(
			"no user namespace is left: user.max_user_namespaces is %d, and at most 32 may lie in each other", most)
	case denied.code == syscall.EINVAL, denied.code == syscall.ENOSYS && !r.filtered():
		return KernelWithout, "this kernel has no user namespaces"
	case uid != 0 && r.read("/proc/sys/kernel/unprivileged_userns_clone") == "0":
		return CloneOff, "user namespaces are refused to users without root: kernel.unprivileged_userns_clone is 0"
	case r.chrooted():
		return Chrooted, "this process was moved by chroot, and the kernel refuses user namespaces to such"
	case r.filtered():
		return SeccompRefuses, "the seccomp filter of this environment refuses user namespaces"
	case r.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
		return AppArmorNamespaces, "AppArmor refuses user namespaces: kernel.apparmor_restrict_unprivileged_userns is 1"
	case r.enforcing():
		return SELinux, "SELinux seems to refuse user namespaces"
	}
	return UnknownCause, "this environment refuses user namespaces"
}

// filtered says whether a seccomp filter watches this process, by /proc.
func (r Root) filtered() bool { return r.status("Seccomp") == "2" }

// enforcing says whether SELinux denies what its policy does not allow.
func (r Root) enforcing() bool { return r.read("/sys/fs/selinux/enforce") == "1" }

// unmapped explains why ids could not be mapped.
func (l *ladder) unmapped(denied *denial, subject string) *Obstacle {
	if denied.output == "" && l.at.UID == 0 {
		if missing := missingCapabilities(unix.CAP_SETFCAP, unix.CAP_SETGID, unix.CAP_SETUID); len(missing) > 0 {
			return l.obstacle(NoSubordinateIDs, CapabilitiesMissing, strings.Join(missing, " "),
				"this root may not map ids to a user namespace, it lacks the capabilities %s (%s)", strings.Join(missing, " "), denied)
		}
	}
	if l.root.status("NoNewPrivs") == "1" && l.at.UID != 0 {
		return l.obstacle(NoSubordinateIDs, NoNewPrivileges, subject,
			"no_new_privs is set for this process, so newuidmap has no power (%s)", denied)
	}
	if who := l.root.accountOf(l.at.UID, 0, ""); denied.output != "" && len(who.names) == 0 {
		return l.nameless(fmt.Sprintf(" (%s)", denied))
	}
	if weak := l.weakPrograms(inPath, denied); weak != nil {
		return weak
	}
	if bounded := l.boundedPrograms(inPath, denied); bounded != nil {
		return bounded
	}
	return l.obstacle(NoSubordinateIDs, MapProgramRefuses, subject, "the ids could not be mapped: %s", denied)
}

// mapPrograms map the ids of users.
var mapPrograms = []string{"newuidmap", "newgidmap"}

// inPath finds a program; empty: it is not there.
func inPath(name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// weakPrograms says why newuidmap or newgidmap have no more rights than who starts them; denied is what came of it, or nil.
// Nil: they have, or are not there. In a user namespace it cannot be seen.
func (l *ladder) weakPrograms(find func(name string) string, denied *denial) *Obstacle {
	if l.at.UID == 0 {
		return nil
	}
	for _, program := range mapPrograms {
		path := find(program)
		if path == "" {
			continue
		}
		cause, subject, sentence := weakness(path)
		if cause == "" {
			continue
		}
		if denied != nil {
			sentence += fmt.Sprintf(" (%s)", denied)
		}
		return l.obstacle(NoSubordinateIDs, cause, subject, "%s", sentence)
	}
	return nil
}

// boundedPrograms says that newuidmap and newgidmap have the setuid bit alone where nobody can have CAP_SYS_ADMIN, as in
// ordinary containers. The kernel lets either who has that capability or the maker of a namespace write its maps, and the
// programs are neither then: with file capabilities they stay the maker. Some versions go back to it by themselves, so this
// is found out only when they were refused. Nil: it is not that.
func (l *ladder) boundedPrograms(find func(name string) string, denied *denial) *Obstacle {
	if l.at.UID == 0 || l.root.mayGain(unix.CAP_SYS_ADMIN) || !strings.Contains(denied.output, "id_map") ||
		!strings.Contains(denied.output, "not permitted") {
		return nil
	}
	paths := []string{find(mapPrograms[0]), find(mapPrograms[1])}
	for _, path := range paths {
		if path == "" {
			return nil
		}
	}
	if hasFileCapabilities(paths[0]) && hasFileCapabilities(paths[1]) {
		return nil
	}
	return l.obstacle(NoSubordinateIDs, MapProgramBounded, strings.Join(paths, " "),
		"the setuid bit of newuidmap and newgidmap has no power where CAP_SYS_ADMIN is not in the bounding set, file capabilities have it: "+
			"`setcap cap_setuid=ep %s` and `setcap cap_setgid=ep %s` (%s)", paths[0], paths[1], denied)
}

func hasFileCapabilities(path string) bool {
	size, err := unix.Getxattr(path, "security.capability", nil)
	return err == nil && size > 0
}

// weakness says why a program has no more rights than who starts it. An empty cause: it has.
func weakness(path string) (cause Cause, subject, sentence string) {
	status, err := os.Stat(path)
	if err != nil {
		return "", "", ""
	}
	owner, known := status.Sys().(*syscall.Stat_t)
	switch {
	case mountedNosuid(path):
		return MapProgramNosuid, Root("/").mountOf(path).point, path + " lies on a file system mounted nosuid, where programs get no rights"
	case hasFileCapabilities(path):
		return "", "", ""
	case status.Mode()&fs.ModeSetuid == 0:
		return MapProgramPowerless, "", path + " has neither the setuid bit nor file capabilities"
	case known && owner.Uid != 0:
		return MapProgramForeign, "", fmt.Sprintf("%s belongs to the user %d, so its setuid bit does not make it root", path, owner.Uid)
	}
	return "", "", ""
}

func mountedNosuid(path string) bool {
	var system unix.Statfs_t
	return unix.Statfs(path, &system) == nil && system.Flags&unix.ST_NOSUID != 0
}

// missingRanges says what of the ranges and the programs that map them is absent. Nil: nothing.
func (l *ladder) missingRanges(who account, uids, gids []Range) *Obstacle {
	for _, program := range mapPrograms {
		if inPath(program) == "" {
			return l.obstacle(NoSubordinateIDs, MapProgramMissing, program,
				"%s is not installed: it maps the ids of a build without root", program)
		}
	}
	if len(who.names) == 0 {
		return l.nameless("")
	}
	return l.lackingRanges(who, uids, gids)
}

// nameless says that newuidmap cannot find the account.
func (l *ladder) nameless(said string) *Obstacle {
	return l.obstacle(NoSubordinateIDs, Nameless, "", "the uid %d has no line in /etc/passwd, which newuidmap wants%s", l.at.UID, said)
}

// lackingRanges says what the account lacks in /etc/subuid and /etc/subgid. Nil: nothing.
func (l *ladder) lackingRanges(who account, uids, gids []Range) *Obstacle {
	for _, file := range []struct {
		path   string
		ranges []Range
	}{{"/etc/subuid", uids}, {"/etc/subgid", gids}} {
		count := total(file.ranges)
		if count >= leastIDs {
			continue
		}
		cause := RangesSmall
		if opened, err := os.Open(l.root.path(file.path)); err == nil {
			opened.Close()
		} else if errors.Is(err, fs.ErrPermission) {
			return l.obstacle(NoSubordinateIDs, RangesUnreadable, file.path, "%s may not be read by this user, who needs %d ids of it", file.path, leastIDs)
		}
		if count == 0 {
			cause = RangesMissing
		}
		return l.obstacle(NoSubordinateIDs, cause, who.label(), "user %s has %d subordinate ids in %s, images need %d",
			who.label(), count, file.path, leastIDs)
	}
	return nil
}

// fewIDs is about a user namespace that somebody else made.
func (l *ladder) fewIDs(count int64) Obstacle {
	found := l.obstacle(NoSubordinateIDs, RangesSmall, "root", "this user namespace has %d ids, images need %d", count, leastIDs)
	found.Remedy = "make the user namespace with more ids (`unshare --map-auto`, in Kubernetes a pod with `hostUsers: false`)"
	return *found
}

// noProc says that /proc is not there.
func (l *ladder) noProc() Obstacle {
	return *l.obstacle(NoProc, ProcMissing, "", "/proc is not mounted, which user namespaces and the start of commands need")
}

// lacks says that root has not all rights of root.
func (l *ladder) lacks(missing []string) *Obstacle {
	names := strings.Join(missing, " ")
	return l.obstacle(NoCapability, CapabilitiesMissing, names, "this root has not all rights of root, it lacks the capabilities %s", names)
}

// noMounts explains why mounts fail.
func (l *ladder) noMounts(denied *denial) *Obstacle {
	switch missing := missingCapabilities(unix.CAP_SYS_ADMIN); {
	case denied.killed:
		return l.obstacle(MountDenied, SeccompKills, "", "the seccomp filter of this environment kills a process that mounts")
	case l.at.UID == 0 && len(missing) > 0 && denied.code == syscall.EPERM && strings.HasPrefix(denied.text, "unshare"):
		return l.lacks(missing)
	case denied.code != syscall.EPERM && denied.code != syscall.EACCES:
		return l.obstacle(MountDenied, UnknownCause, "", "mounts do not work here: %s", denied)
	case l.root.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" && l.at.UID != 0:
		return l.obstacle(MountDenied, AppArmorNamespaces, "",
			"AppArmor takes all rights from user namespaces: kernel.apparmor_restrict_unprivileged_userns is 1 (%s)", denied)
	case l.at.Profile != "":
		return l.obstacle(MountDenied, AppArmorProfile, l.at.Profile, "the AppArmor profile %s refuses mounts (%s)", l.at.Profile, denied)
	case l.root.filtered():
		return l.obstacle(MountDenied, SeccompRefuses, "", "the seccomp filter of this environment refuses mounts (%s)", denied)
	case l.root.enforcing():
		return l.obstacle(MountDenied, SELinux, "", "SELinux seems to refuse mounts (%s)", denied)
	}
	return l.obstacle(MountDenied, UnknownCause, "", "this environment refuses mounts (%s)", denied)
}

// notPlain explains why root can do nothing with chroot alone.
func (l *ladder) notPlain(denied *denial) *Obstacle {
	call, _, _ := strings.Cut(denied.text, ":")
	switch {
	case denied.killed:
		return l.obstacle(NoChroot, SeccompKills, "", "the seccomp filter of this environment kills a process that calls mknod, chown or chroot")
	case strings.Contains(denied.text, errNoDirectory.Error()):
		return l.obstacle(NoMknod, NoWritableDirectory, "", "no directory can be written, so no device can be made")
	case strings.Contains(denied.text, errDevice.Error()):
		return l.obstacle(NoMknod, DevicesUnusable, "", "devices can be made but not used: %s", denied)
	case call == "mknod":
		return l.notAllowed(NoMknod, unix.CAP_MKNOD, "this root may make no devices", denied)
	case call == "chown":
		return l.notAllowed(NoCapability, unix.CAP_CHOWN, "this root may not give files away", denied)
	}
	return l.notAllowed(NoChroot, unix.CAP_SYS_CHROOT, "this root may not change its root directory", denied)
}

// notAllowed is about a right that a capability gives, if nothing else is in the way.
func (l *ladder) notAllowed(code string, capability int, sentence string, denied *denial) *Obstacle {
	name := capabilityNames[capability]
	switch {
	case lacksNow(capability):
		// All at once, so that the next trial does not ask for the next one.
		missing := missingCapabilities(unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_MKNOD, unix.CAP_SETGID,
			unix.CAP_SETUID, unix.CAP_SYS_CHROOT)
		return l.obstacle(code, CapabilitiesMissing, strings.Join(missing, " "), "%s: CAP_%s is missing (%s)", sentence, name, denied)
	case !l.root.InitialUserNamespace():
		return l.obstacle(code, UnknownCause, name, "%s: it is root of a user namespace only (%s)", sentence, denied)
	case l.root.filtered():
		return l.obstacle(code, SeccompRefuses, name, "%s: the seccomp filter refuses it (%s)", sentence, denied)
	}
	return l.obstacle(code, UnknownCause, name, "%s (%s)", sentence, denied)
}
