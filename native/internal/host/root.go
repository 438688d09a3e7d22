package host

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Root is a file system root to read settings from: "/" except in tests.
type Root string

func (r Root) path(path string) string { return filepath.Join(string(r), path) }

func (r Root) read(path string) string {
	text, err := os.ReadFile(r.path(path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func (r Root) exists(path string) bool {
	_, err := os.Lstat(r.path(path))
	return err == nil
}

// status gives a field of /proc/self/status; empty: unknown.
func (r Root) status(field string) string {
	for line := range strings.Lines(r.read("/proc/self/status")) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// number reads a file of one number; false: it is not there, or no number.
func (r Root) number(path string) (int, bool) {
	value, err := strconv.Atoi(r.read(path))
	return value, err == nil
}

// profile is the AppArmor profile that confines this process; empty: none.
func (r Root) profile() string {
	text := r.read("/proc/self/attr/apparmor/current")
	if text == "" {
		text = r.read("/proc/self/attr/current")
	}
	name, mode, _ := strings.Cut(strings.TrimRight(text, "\x00\n"), " (")
	// SELinux writes its labels to the same file. A profile that only complains confines nobody.
	if strings.Contains(name, ":") || name == "unconfined" || mode == "complain)" {
		return ""
	}
	return name
}

// chrooted says whether this process was moved into a directory by chroot: the kernel refuses it user namespaces then.
func (r Root) chrooted() bool {
	mounts := r.read("/proc/self/mountinfo")
	if mounts == "" {
		return false
	}
	for line := range strings.Lines(mounts) {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == "/" {
			return r.rootOfFirstProcessDiffers()
		}
	}
	return true
}

// rootOfFirstProcessDiffers compares roots where root may look: the directory of a chroot may be a mount of its own.
func (r Root) rootOfFirstProcessDiffers() bool {
	own, err := os.Readlink(r.path("/proc/self/ns/mnt"))
	first, err2 := os.Readlink(r.path("/proc/1/ns/mnt"))
	if err != nil || err2 != nil || own != first {
		return false
	}
	mine, err := os.Stat(r.path("/proc/self/root/."))
	theirs, err2 := os.Stat(r.path("/proc/1/root/."))
	return err == nil && err2 == nil && !os.SameFile(mine, theirs)
}
