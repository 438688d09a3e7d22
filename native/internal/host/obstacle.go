package host

import "strings"

// Obstacle is something the host does not allow: a code, its cause, a sentence, and how to change it.
type Obstacle struct {
	// Code says what does not work, for programs.
	Code string
	// Cause says why, as far as it can be told.
	Cause   Cause
	Message string
	Remedy  string
}

// Error gives the sentence without the remedy.
func (o *Obstacle) Error() string { return o.Message }

// between stands between the ways of a remedy.
const between = "; or "

// Fixes are the ways of the remedy, best first; empty: none is known.
func (o *Obstacle) Fixes() []string {
	if o.Remedy == "" {
		return []string{}
	}
	return strings.Split(o.Remedy, between)
}

// Codes of obstacles.
const (
	// UserNamespaceDenied says that the kernel or a policy refuses user namespaces.
	UserNamespaceDenied = "USERNS_DENIED"
	// NoSubordinateIDs says that there are no ranges of ids, or that they cannot be mapped.
	NoSubordinateIDs = "NO_SUBUID"
	// MountDenied says that mounts are refused, also in a namespace of one's own.
	MountDenied = "MOUNT_DENIED"
	// NoChroot says that chroot is refused.
	NoChroot = "NO_CHROOT"
	// NoMknod says that devices cannot be made, or not be opened.
	NoMknod = "NO_MKNOD"
	// NoCapability says that root here lacks what owners and users need.
	NoCapability = "NO_CAPABILITY"
	// LimitRefused says that a limit is asked for that this process may not give.
	LimitRefused = "ULIMIT_REFUSED"
	// NoProc says that /proc is not mounted.
	NoProc = "NO_PROC"
)

// Cause is what is in the way.
type Cause string

// Causes, each with a remedy of its own in every environment.
const (
	NamespacesOff       Cause = "max_user_namespaces"
	NamespacesUsedUp    Cause = "namespaces-used-up"
	CloneOff            Cause = "unprivileged_userns_clone"
	AppArmorNamespaces  Cause = "apparmor_restrict_unprivileged_userns"
	AppArmorProfile     Cause = "apparmor-profile"
	SELinux             Cause = "selinux"
	SeccompRefuses      Cause = "seccomp"
	SeccompKills        Cause = "seccomp-kills"
	ProcMissing         Cause = "no-proc"
	KernelWithout       Cause = "kernel"
	Chrooted            Cause = "chrooted"
	NoNewPrivileges     Cause = "no-new-privileges"
	MapProgramMissing   Cause = "newuidmap-missing"
	MapProgramPowerless Cause = "newuidmap-without-setuid"
	MapProgramForeign   Cause = "newuidmap-not-of-root"
	MapProgramNosuid    Cause = "newuidmap-nosuid"
	MapProgramBounded   Cause = "newuidmap-bounded"
	MapProgramRefuses   Cause = "newuidmap-refuses"
	Nameless            Cause = "no-name"
	RangesMissing       Cause = "no-ranges"
	RangesSmall         Cause = "few-ids"
	RangesUnreadable    Cause = "ranges-unreadable"
	CapabilitiesMissing Cause = "capabilities"
	DevicesUnusable     Cause = "nodev"
	NoWritableDirectory Cause = "read-only"
	UnknownCause        Cause = "unknown"
)
