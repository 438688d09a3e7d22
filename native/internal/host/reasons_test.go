package host

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
)

func TestTheCauseBehindARefusedNamespaceIsFound(t *testing.T) {
	const status = "/proc/self/status"
	clean := map[string]string{status: "Seccomp:\t0\n"}
	for name, c := range map[string]struct {
		files map[string]string
		code  syscall.Errno
		uid   int
		want  Cause
	}{
		"none may be made":         {map[string]string{"/proc/sys/user/max_user_namespaces": "0"}, syscall.ENOSPC, 1000, NamespacesOff},
		"none is left":             {map[string]string{"/proc/sys/user/max_user_namespaces": "5"}, syscall.ENOSPC, 1000, NamespacesUsedUp},
		"too deep, older kernels":  {clean, syscall.EUSERS, 1000, NamespacesUsedUp},
		"a kernel without":         {clean, syscall.EINVAL, 1000, KernelWithout},
		"Debian's setting":         {map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0"}, syscall.EPERM, 1000, CloneOff},
		"that setting and root":    {map[string]string{"/proc/sys/kernel/unprivileged_userns_clone": "0"}, syscall.EPERM, 0, UnknownCause},
		"a filter":                 {map[string]string{status: "Seccomp:\t2\n"}, syscall.EPERM, 1000, SeccompRefuses},
		"a filter that says no":    {map[string]string{status: "Seccomp:\t2\n"}, syscall.ENOSYS, 1000, SeccompRefuses},
		"Ubuntu's setting":         {map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, syscall.EACCES, 1000, AppArmorNamespaces},
		"SELinux":                  {map[string]string{"/sys/fs/selinux/enforce": "1"}, syscall.EACCES, 1000, SELinux},
		"a chroot":                 {map[string]string{"/proc/self/mountinfo": "30 22 0:5 / /proc rw - proc proc rw\n"}, syscall.EPERM, 1000, Chrooted},
		"nothing that can be seen": {clean, syscall.EPERM, 1000, UnknownCause},
	} {
		cause, sentence := fixture(t, c.files).whyRefused(deny(fmt.Errorf("clone: %w", c.code)), c.uid)
		if cause != c.want || sentence == "" {
			t.Errorf("%s: got %s, %q", name, cause, sentence)
		}
	}
	if cause, _ := fixture(t, nil).whyRefused(&denial{killed: true}, 1000); cause != SeccompKills {
		t.Errorf("killed: got %s", cause)
	}
}

func TestTheCauseBehindRefusedMountsIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		files   map[string]string
		profile string
		code    syscall.Errno
		want    Cause
	}{
		"Ubuntu's setting":    {map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "unprivileged_userns", syscall.EACCES, AppArmorNamespaces},
		"Docker's profile":    {nil, "docker-default", syscall.EACCES, AppArmorProfile},
		"a filter":            {map[string]string{"/proc/self/status": "Seccomp:\t2\n"}, "", syscall.EPERM, SeccompRefuses},
		"SELinux":             {map[string]string{"/sys/fs/selinux/enforce": "1"}, "", syscall.EACCES, SELinux},
		"a kernel without":    {nil, "", syscall.ENODEV, UnknownCause},
		"nothing can be seen": {nil, "", syscall.EPERM, UnknownCause},
	} {
		l := ladder{root: fixture(t, c.files), at: Environment{Place: InDocker, Profile: c.profile, UID: 1000}}
		if got := l.noMounts(deny(fmt.Errorf("mounting: %w", c.code))); got.Cause != c.want || got.Code != MountDenied || !strings.Contains(got.Message, "mounting") {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestSubordinateRangesCountByNameAndByNumber(t *testing.T) {
	root := fixture(t, map[string]string{
		"/etc/passwd": "root:x:0:0::/:/bin/sh\nme:x:1001:1001::/:/bin/sh\n",
		"/etc/subuid": "other:1:5\nme:100000:65536\n# me:1:1\n1001:200000:10\nbroken\nme:x:y\n",
	})
	who := root.accountOf(1001, 1001, "root")
	if got := total(root.ranges("/etc/subuid", who)); got != 65546 || who.label() != "me" {
		t.Errorf("got %d of %+v", got, who)
	}
	if who := root.accountOf(5, 5, "root"); len(who.names) > 0 {
		t.Errorf("USER of somebody else was believed: %+v", who)
	}
	if who := root.accountOf(5, 5, "of-a-directory"); who.label() != "of-a-directory" {
		t.Errorf("a user of a directory service has no name: %+v", who)
	}
}

func TestProfilesOfAppArmorAreNotLabelsOfSELinux(t *testing.T) {
	for text, want := range map[string]string{
		"docker-default (enforce)\n": "docker-default", "docker-default (complain)\n": "", "unconfined\n": "",
		"system_u:system_r:container_t:s0:c1,c2\x00": "",
	} {
		if got := fixture(t, map[string]string{"/proc/self/attr/current": text}).profile(); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestMapProgramsWithoutFileCapabilitiesAreNamedWhereTheyCannotWork(t *testing.T) {
	const docker, all = "CapBnd:\t00000000a80425fb\n", "CapBnd:\t000001ffffffffff\n"
	refused := &denial{text: "newgidmap failed", output: "newgidmap: write to gid_map failed: Operation not permitted"}
	for name, c := range map[string]struct {
		status  string
		denied  *denial
		without string
		want    Cause
	}{
		"in a container":            {docker, refused, "", MapProgramBounded},
		"on a host":                 {all, refused, "", ""},
		"nothing known":             {"", refused, "", ""},
		"another refusal":           {docker, &denial{output: "newuidmap: uid range [0-1) -> [0-1) not allowed"}, "", ""},
		"a program that is missing": {docker, refused, "newgidmap", ""},
	} {
		root := fixture(t, map[string]string{"/proc/self/status": c.status, "/bin/newuidmap": "", "/bin/newgidmap": ""})
		l := ladder{root: root, at: Environment{Place: InDocker, Family: "debian", UID: 1000}}
		found := func(program string) string {
			if program == c.without {
				return ""
			}
			return root.path("/bin/" + program)
		}
		got := l.boundedPrograms(found, c.denied)
		switch {
		case got == nil:
			if c.want != "" {
				t.Errorf("%s: got nothing", name)
			}
		case got.Cause != c.want || !strings.Contains(got.Message, "file capabilities") || !strings.Contains(got.Remedy, "in the image of the container: `RUN chmod u-s ") ||
			!strings.Contains(got.Remedy, "&& setcap cap_setuid=ep "+found("newuidmap")+" && setcap cap_setgid=ep "+found("newgidmap")):
			t.Errorf("%s: got %+v", name, got)
		}
	}
}
