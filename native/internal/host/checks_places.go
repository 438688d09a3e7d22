package host

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// writable says why a directory cannot be written; nil: it can.
func (x examination) writable(directory string) error {
	path := x.root.path(directory)
	status, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", directory, err)
	}
	if !status.IsDir() {
		return fmt.Errorf("%s is no directory", directory)
	}
	if err := unix.Access(path, unix.W_OK|unix.X_OK); err != nil {
		return fmt.Errorf("writing to %s: %w", directory, err)
	}
	if at := x.root.mountOf(directory); at.has("ro") {
		return fmt.Errorf("writing to %s: %w", directory, unix.EROFS)
	}
	return nil
}

func (x examination) temporary() Check {
	const id, title = "tmp", "directory for temporary files"
	directory := x.site.Variable("TMPDIR")
	if directory == "" {
		directory = "/tmp"
	}
	if err := x.writable(directory); err != nil {
		fixes := append(x.at.Fixes(NoWritableDirectory, ""), "`export TMPDIR=DIRECTORY` of one that can be written")
		return bad(Missing, id, title, directory+" cannot be written", fixes...).withError(err)
	}
	if at := x.root.mountOf(directory); at.has("noexec") {
		return bad(Limited, id, title, fmt.Sprintf("%s is mounted noexec (%s)", directory, at.point),
			"set TMPDIR to a directory that is not", x.at.orOnHost(fmt.Sprintf("`sudo mount -o remount,exec %s`", at.point), writableChange)[0])
	}
	return good(id, title, directory)
}

const exportHome = "`export HOME=DIRECTORY` of one that can be written"

func (x examination) home() Check {
	const id, title = "home", "home directory"
	directory := x.site.Variable("HOME")
	if directory == "" {
		return bad(Limited, id, title, "HOME is not set: a user's store and settings lie below it", exportHome)
	}
	if err := x.writable(directory); err != nil {
		return bad(Limited, id, title, directory+" cannot be written", exportHome).withError(err)
	}
	return good(id, title, directory)
}

func (x examination) runtimeDirectory() Check {
	const id, title = "runtime-directory", "XDG_RUNTIME_DIR"
	directory := x.site.Variable("XDG_RUNTIME_DIR")
	if directory == "" {
		if x.asRoot() {
			return good(id, title, "not needed by root")
		}
		return bad(Limited, id, title, "not set: a directory below /tmp is used",
			fmt.Sprintf("`sudo loginctl enable-linger %s` and log in anew, or `export XDG_RUNTIME_DIR=DIRECTORY` of mode 0700", x.who.label()))
	}
	err := x.writable(directory)
	if err == nil {
		err = x.private(directory)
	}
	if err != nil {
		return bad(Limited, id, title, directory+" cannot be used",
			"`export XDG_RUNTIME_DIR=DIRECTORY` of mode 0700 that belongs to you", "`unset XDG_RUNTIME_DIR`").withError(err)
	}
	return good(id, title, directory)
}

// overflowID stands in a user namespace for all ids that it does not have.
const overflowID = 65534

// private says why a directory is not of this user alone; nil: it is.
func (x examination) private(directory string) error {
	var status unix.Stat_t
	if err := unix.Stat(x.root.path(directory), &status); err != nil {
		return fmt.Errorf("looking at %s: %w", directory, err)
	}
	switch {
	case status.Uid == overflowID:
		return fmt.Errorf("%s belongs to another user", directory)
	case int(status.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to the user %d", directory, status.Uid)
	case status.Mode&0o700 != 0o700:
		return fmt.Errorf("%s has the mode %04o", directory, status.Mode&0o7777)
	}
	return nil
}

func (x examination) proc() Check {
	const id, title = "proc", "/proc"
	if x.ground.OwnProc {
		return bad(Limited, id, title, "not mounted: slipway mounts one for itself", x.at.Fixes(ProcMissing, "")...)
	}
	if !x.root.exists("/proc/self/status") {
		return bad(Missing, id, title, "not mounted", x.at.Fixes(ProcMissing, "")...)
	}
	for _, at := range x.root.mounts() {
		if at.point != "/proc" {
			continue
		}
		for _, option := range at.super {
			if value, found := strings.CutPrefix(option, "hidepid="); found && value != "0" && value != "off" {
				return bad(Limited, id, title, "mounted with "+option+": an OCI runtime may not mount its own",
					x.at.onMachine("`sudo mount -o remount,hidepid=0 /proc`"))
			}
		}
	}
	return good(id, title, "mounted")
}

func (x examination) cgroups() Check {
	const id, title = "cgroups", "layout of control groups"
	var first, second bool
	for _, at := range x.root.mounts() {
		first = first || at.kind == "cgroup"
		second = second || at.kind == "cgroup2"
	}
	unified := x.at.onMachine("boot with `systemd.unified_cgroup_hierarchy=1`")
	switch {
	case first && second:
		found := "hybrid: crun refuses it"
		if x.program("crun") == "" {
			return good(id, title, found+", and is not installed")
		}
		// Without runc it is the next that is tried.
		if x.program("runc") != "" {
			return bad(Limited, id, title, found+", runc does not", "`export WERF_BUILDAH_RUNTIME=runc`", unified)
		}
		return bad(Limited, id, title, found, "`export WERF_BUILDAH_RUNTIME=runc` ("+x.at.Install(Package{Debian: "runc"})+")", unified)
	case second:
		return good(id, title, "version 2")
	case first:
		return bad(Limited, id, title, "version 1: a user's OCI runtime cannot use it", unified)
	}
	return bad(Limited, id, title, "not mounted: an OCI runtime needs it, chroot does not",
		x.at.onMachine("`sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup`"))
}

// usualDevices are those that programs expect, by their numbers; the first is one that nothing works without.
var usualDevices = []struct {
	name  string
	minor uint32
}{{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}}

func (x examination) devices() Check {
	const id, title = "devices", "devices in /dev"
	var missing, fixes []string
	for _, device := range usualDevices {
		path := "/dev/" + device.name
		if status, err := os.Stat(x.root.path(path)); err == nil && status.Mode()&os.ModeCharDevice != 0 {
			continue
		}
		missing = append(missing, path)
		fixes = append(fixes, fmt.Sprintf("`sudo rm -f %s` and `sudo mknod -m 666 %s c 1 %d`", path, path, device.minor))
	}
	if len(missing) == 0 {
		return good(id, title, "the usual ones")
	}
	state := Limited
	if missing[0] == "/dev/null" {
		state = Missing
	}
	return bad(state, id, title, strings.Join(missing, " ")+": not there, or not devices", strings.Join(fixes, ", "))
}

// descriptors checks the directory of open files. Kernels such as 5.10 look there for a program that is open already, which
// is how OCI runtimes and what unpacks layers start themselves.
func (x examination) descriptors() Check {
	const id, title = "dev-fd", "open files in /dev/fd"
	const found = "not there: with older kernels OCI runtimes and the unpacking of layers do not start"
	const link = "`sudo ln -s /proc/self/fd /dev/fd`"
	path := x.root.path("/dev/fd")
	target, notLink := os.Readlink(path)
	status, missing := os.Stat(path)
	switch {
	case !x.root.exists("/proc/self/status"):
		return bad(Limited, id, title, "not there, as /proc is not mounted", x.at.Fixes(ProcMissing, "")...)
	case missing == nil && status.IsDir():
		return good(id, title, "there")
	case notLink == nil:
		return bad(Limited, id, title, "a link to "+target+", which is no directory", "`sudo rm /dev/fd` and "+link)
	}
	return bad(Limited, id, title, found, link)
}

func (x examination) git() Check {
	const id, title = "git", "git"
	if path := x.program("git"); path != "" {
		return good(id, title, path)
	}
	return bad(Limited, id, title, "not installed: repositories are read without it, more slowly and without submodules and dev mode",
		x.at.Install(Package{Debian: "git"}))
}

func (x examination) sharedMemory() Check {
	const id, title = "shm", "/dev/shm"
	if err := x.writable("/dev/shm"); err != nil {
		fixes := x.at.orOnHost("`sudo mount -t tmpfs -o mode=1777 tmpfs /dev/shm`", sharedMemoryChange)
		return bad(Limited, id, title, "cannot be written", fixes...).withError(err)
	}
	return good(id, title, "can be written")
}
