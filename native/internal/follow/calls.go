package follow

import "golang.org/x/sys/unix"

// creating has the flags of an open that may make a file: O_CREAT, and what O_TMPFILE has beside O_DIRECTORY.
const creating = unix.O_CREAT | unix.O_TMPFILE&^unix.O_DIRECTORY

// followed lists the calls of this architecture.
func followed() []call { return append(commonCalls(), olderCalls()...) }

// commonCalls are those that every architecture has.
func commonCalls() []call {
	return []call{
		{number: unix.SYS_NEWFSTATAT, play: (*worker).playFstatat},
		{number: unix.SYS_FSTAT, play: (*worker).playFstat},
		{number: unix.SYS_STATX, play: (*worker).playStatx},
		{number: unix.SYS_OPENAT, mask: creating, argument: 2, play: (*worker).playOpenat},
		{number: unix.SYS_OPENAT2, play: (*worker).playOpenat2},
		{number: unix.SYS_MKDIRAT, play: (*worker).playMkdirat},
		{number: unix.SYS_SYMLINKAT, play: (*worker).playSymlinkat},
		{number: unix.SYS_MKNODAT, play: (*worker).playMknodat},
		{number: unix.SYS_FCHOWN, play: (*worker).playFchown},
		{number: unix.SYS_FCHOWNAT, play: (*worker).playFchownat},
		{number: unix.SYS_FCHMOD, play: (*worker).playFchmod},
		{number: unix.SYS_FCHMODAT, play: (*worker).playFchmodat},
		{number: unix.SYS_FCHMODAT2, play: (*worker).playFchmodat2},
		{number: unix.SYS_EXECVE, play: (*worker).playExecve},
		{number: unix.SYS_EXECVEAT, play: (*worker).playExecveat},
		{number: unix.SYS_GETUID, play: (*worker).playGetuid},
		{number: unix.SYS_GETEUID, play: (*worker).playGeteuid},
		{number: unix.SYS_GETGID, play: (*worker).playGetgid},
		{number: unix.SYS_GETEGID, play: (*worker).playGetegid},
		{number: unix.SYS_GETRESUID, play: (*worker).playGetresuid},
		{number: unix.SYS_GETRESGID, play: (*worker).playGetresgid},
		{number: unix.SYS_GETGROUPS, play: (*worker).playGetgroups},
		{number: unix.SYS_SETUID, play: (*worker).playSetuid},
		{number: unix.SYS_SETGID, play: (*worker).playSetgid},
		{number: unix.SYS_SETREUID, play: (*worker).playSetreuid},
		{number: unix.SYS_SETREGID, play: (*worker).playSetregid},
		{number: unix.SYS_SETRESUID, play: (*worker).playSetresuid},
		{number: unix.SYS_SETRESGID, play: (*worker).playSetresgid},
		{number: unix.SYS_SETFSUID, play: (*worker).playSetfsuid},
		{number: unix.SYS_SETFSGID, play: (*worker).playSetfsgid},
		{number: unix.SYS_SETGROUPS, play: (*worker).playSetgroups},
		{number: unix.SYS_CAPSET, play: (*worker).playCapset},
		{number: unix.SYS_PRCTL, equals: unix.PR_SET_KEEPCAPS, play: (*worker).playKeepCapabilities},
		{number: unix.SYS_SETSID, play: (*worker).playSession},
		{number: unix.SYS_CHROOT, play: (*worker).playRoot},
		{number: unix.SYS_PIVOT_ROOT, play: (*worker).playRoot},
		{number: unix.SYS_SETNS, play: (*worker).playRoot},
		{number: unix.SYS_UNSHARE, mask: ownTree, play: (*worker).playRoot},
		{number: unix.SYS_CLONE, mask: ownTree, play: (*worker).playRoot},
	}
}

// ownTree has the flags that give a process a tree of mounts of its own.
const ownTree = unix.CLONE_NEWNS | unix.CLONE_NEWUSER
