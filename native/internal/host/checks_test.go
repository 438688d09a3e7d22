package host

import (
	"bytes"
	"compress/gzip"
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// healthy are the files of a host on which everything is well for the user 1000.
func healthy() map[string]string {
	return map[string]string{
		"/proc/sys/kernel/osrelease":         "6.1.0-1-amd64",
		"/proc/filesystems":                  "nodev\tproc\nnodev\toverlay\n\text4\n",
		"/proc/sys/user/max_user_namespaces": "63000",
		"/proc/self/status":                  "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t0\n",
		"/proc/self/mountinfo":               onDisk + "23 22 0:5 / /proc rw - proc proc rw\n24 22 0:6 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		"/boot/config-6.1.0-1-amd64":         "CONFIG_A=y\nCONFIG_USER_NS=y\n",
		"/etc/passwd":                        "me:x:1000:1000::/home/me:/bin/sh\n",
		"/etc/subuid":                        "me:100000:65536\n",
		"/etc/subgid":                        "me:100000:65536\n",
		"/etc/os-release":                    "ID=debian\n",
		"/bin/newuidmap":                     "", "/bin/newgidmap": "", "/bin/fuse-overlayfs": "", "/bin/pasta": "", "/bin/git": "",
		"/dev/fuse": "", "/dev/net/tun": "", "/dev/shm/": "", "/tmp/": "", "/home/me/": "", "/run/user/1000/": "",
	}
}

// patient is a host to examine: the healthy one with differences.
type patient struct {
	files     map[string]string
	without   []string
	set       map[string]string
	ground    Ground
	store     string
	limits    []Limit
	unreadied bool
}

func (p patient) check(t *testing.T, id string) Check {
	t.Helper()
	for _, check := range p.checks(t) {
		if check.ID == id {
			return check
		}
	}
	t.Fatalf("there is no check %s", id)
	return Check{}
}

func (p patient) checks(t *testing.T) []Check {
	t.Helper()
	files := healthy()
	maps.Copy(files, p.files)
	for _, name := range p.without {
		delete(files, name)
	}
	root := fixture(t, files)
	for _, name := range []string{"/bin/newuidmap", "/bin/newgidmap"} {
		if _, err := os.Stat(root.path(name)); err == nil && !p.unreadied {
			must(t, os.Chmod(root.path(name), 0o755|os.ModeSetuid))
		}
	}
	for _, device := range usualDevices {
		path := "/dev/" + device.name
		must(t, os.MkdirAll(root.path("/dev"), 0o755))
		if !slices.Contains(p.without, path) {
			must(t, os.Symlink(path, root.path(path)))
		}
	}
	if !slices.Contains(p.without, "/dev/fd") {
		must(t, os.Symlink("/proc/self/fd", root.path("/dev/fd")))
	}
	set := map[string]string{"PATH": "/bin:/sbin", "HOME": "/home/me", "XDG_RUNTIME_DIR": "/run/user/1000", "USER": "me"}
	maps.Copy(set, p.set)
	ground := p.ground
	if ground.Standing == "" {
		ground.Standing = InNamespace
	}
	store := p.store
	if store == "" {
		store = "/home/me/.local/share/containers/storage"
	}
	limits := p.limits
	if limits == nil {
		limits = []Limit{{"nofile", 1024, 1048576}}
	}
	return Checks(t.Context(), root, ground, Site{Store: store, Variable: variables(set), Limits: limits})
}

func TestAHealthyHostHasNothingToMend(t *testing.T) {
	// The user who runs this test stands for the user 1000, and its disk for the disk of the host.
	for _, check := range (patient{}).checks(t) {
		if check.State != OK && check.ID != "space" || check.State == OK && len(check.Fixes) > 0 {
			t.Errorf("%+v", check)
		}
		if check.Title == "" || check.Found == "" {
			t.Errorf("half a check: %+v", check)
		}
	}
}

func TestEveryCauseIsNamedWithItsRemedy(t *testing.T) {
	type files = map[string]string
	status := func(text string) files {
		return files{"/proc/self/status": "Uid:\t1000\t1000\t1000\t1000\n" + text}
	}
	root := func(text string) files { return files{"/proc/self/status": "Uid:\t0\t0\t0\t0\n" + text} }
	mounted := func(lines string) files { return files{"/proc/self/mountinfo": onDisk + lines} }
	denied := func(obstacle Obstacle) Ground { return Ground{Standing: Bare, Obstacles: []Obstacle{obstacle}} }
	docker := files{dockerMark: "", "/proc/self/mountinfo": onOverlay}
	for name, c := range map[string]struct {
		patient patient
		id      string
		state   State
		found   string
		fix     string
	}{
		"an old kernel":               {patient{files: files{"/proc/sys/kernel/osrelease": "5.10.0-1-amd64"}, without: []string{"/bin/fuse-overlayfs"}}, "kernel", Limited, "5.13", "fuse-overlayfs"},
		"overlay not loaded":          {patient{files: files{"/proc/filesystems": "\text4\n", "/lib/modules/6.1.0-1-amd64/modules.dep": "kernel/fs/overlayfs/overlay.ko.xz:\n"}}, "overlay", Limited, "not loaded", "`sudo modprobe overlay`"},
		"overlay is not there":        {patient{files: files{"/proc/filesystems": "\text4\n"}}, "overlay", Limited, "no module", "fuse-overlayfs"},
		"a kernel without namespaces": {patient{files: files{"/boot/config-6.1.0-1-amd64": "# CONFIG_USER_NS is not set\n"}}, "userns-kernel", Missing, "not set", "CONFIG_USER_NS=y"},
		"an unknown kernel":           {patient{without: []string{"/boot/config-6.1.0-1-amd64"}}, "userns-kernel", Missing, "neither", "CONFIG_USER_NS=y"},
		"namespaces refused":          {patient{ground: denied(Obstacle{Code: UserNamespaceDenied, Message: "refused", Remedy: "do this; or that"})}, "userns", Missing, "refused", "do this"},
		"mounts refused":              {patient{ground: denied(Obstacle{Code: MountDenied, Message: "no mounts", Remedy: "do this"})}, "mounts", Missing, "no mounts", "do this"},
		"nothing works":               {patient{ground: denied(Obstacle{Code: MountDenied, Message: "no mounts", Remedy: "do this"})}, "standing", Missing, "no way", "do this"},
		"one id":                      {patient{ground: Ground{Standing: SingleID, Obstacles: []Obstacle{{Code: NoSubordinateIDs, Remedy: "add ids"}}}}, "standing", Limited, "one id", "add ids"},
		"Debian's setting":            {patient{files: files{"/proc/sys/kernel/unprivileged_userns_clone": "0"}}, "unprivileged-userns-clone", Missing, "0", "kernel.unprivileged_userns_clone = 1"},
		"Ubuntu's setting":            {patient{files: files{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, ground: Ground{Standing: Bare}}, "apparmor-userns", Missing, "1", "apparmor_parser"},
		"no namespaces":               {patient{files: files{"/proc/sys/user/max_user_namespaces": "0"}}, "max-user-namespaces", Missing, "0", "user.max_user_namespaces = 15000"},
		"few namespaces":              {patient{files: files{"/proc/sys/user/max_user_namespaces": "1000"}}, "max-user-namespaces", Limited, "below 15000", "user.max_user_namespaces = 15000"},
		"few namespaces outside":      {patient{ground: Ground{Standing: InNamespace, Outside: &Outside{UID: 1000, GID: 1000, MaxNamespaces: "7900"}}}, "max-user-namespaces", Limited, "7900", "15000"},
		"no newuidmap":                {patient{without: []string{"/bin/newuidmap"}}, "newuidmap", Limited, "not installed", "uidmap"},
		"newuidmap without power":     {patient{unreadied: true}, "newuidmap", Limited, "setuid bit", "`sudo chmod u+s"},
		"no ranges":                   {patient{without: []string{"/etc/subuid"}}, "subordinate-ids", Limited, "0 subordinate ids in /etc/subuid", "me:100000:65536"},
		"few ids":                     {patient{files: files{"/etc/subgid": "1000:5:10\n"}}, "subordinate-ids", Limited, "10 subordinate ids in /etc/subgid", "usermod"},
		"no fuse-overlayfs":           {patient{without: []string{"/bin/fuse-overlayfs"}}, "fuse-overlayfs", Limited, "not installed", "apt-get install -y fuse-overlayfs"},
		"no /dev/fuse":                {patient{without: []string{"/dev/fuse"}}, "fuse-overlayfs", Limited, "cannot be opened", "modprobe fuse"},
		"no /dev/fuse in Docker":      {patient{without: []string{"/dev/fuse"}, files: docker}, "fuse-overlayfs", Limited, "cannot be opened", "`docker run --device /dev/fuse …`"},
		"no pasta":                    {patient{without: []string{"/bin/pasta"}}, "network", Limited, "no program", "passt"},
		"no /dev/net/tun":             {patient{without: []string{"/dev/net/tun"}}, "network", Limited, "cannot be opened", "modprobe tun"},
		"the store on NFS":            {patient{files: mounted("30 22 0:9 / /home rw - nfs4 a:/b rw\n")}, "store-place", Missing, "nfs4", "graphroot"},
		"the store on a Windows drive": {patient{files: files{"/proc/sys/kernel/osrelease": "5.15-microsoft-standard-WSL2",
			"/proc/self/mountinfo": onDisk + "30 22 0:9 / /mnt/c rw - 9p drvfs rw\n"}, store: "/mnt/c/store"}, "store-place", Missing, "Windows", "~/.local"},
		"the store below noexec":         {patient{files: mounted("30 22 0:9 / /home rw,noexec - ext4 /dev/a rw\n")}, "store-place", Limited, "noexec", "remount,exec"},
		"the store read-only":            {patient{files: mounted("30 22 0:9 / /home rw - ext4 /dev/a ro\n")}, "store-place", Missing, "read-only", "graphroot"},
		"the store below nodev":          {patient{files: mounted("30 22 0:9 / /home rw,nodev - ext4 /dev/a rw\n")}, "store-place", Limited, "nodev", "graphroot"},
		"the store on a container's own": {patient{files: docker}, "store-place", Limited, "another overlay", "--volume"},
		"/tmp noexec":                    {patient{files: mounted("30 22 0:9 / /tmp rw,noexec - tmpfs tmpfs rw\n")}, "tmp", Limited, "noexec", "TMPDIR"},
		"/tmp read-only":                 {patient{files: mounted("30 22 0:9 / /tmp ro - tmpfs tmpfs rw\n")}, "tmp", Missing, "cannot be written", "TMPDIR"},
		"no TMPDIR":                      {patient{set: files{"TMPDIR": "/nowhere"}}, "tmp", Missing, "/nowhere", "TMPDIR"},
		"HOME unset":                     {patient{set: files{"HOME": ""}}, "home", Limited, "not set", "export HOME"},
		"HOME read-only":                 {patient{files: mounted("30 22 0:9 / /home ro - ext4 /dev/a rw\n")}, "home", Limited, "cannot be written", "export HOME"},
		"no XDG_RUNTIME_DIR":             {patient{set: files{"XDG_RUNTIME_DIR": ""}}, "runtime-directory", Limited, "not set", "loginctl enable-linger me"},
		"XDG_RUNTIME_DIR not there":      {patient{set: files{"XDG_RUNTIME_DIR": "/run/user/7"}}, "runtime-directory", Limited, "cannot be used", "unset"},
		"no /proc":                       {patient{without: []string{"/proc/self/status"}}, "proc", Missing, "not mounted", "mount -t proc"},
		"hidepid":                        {patient{files: files{"/proc/self/mountinfo": onDisk + "23 22 0:5 / /proc rw - proc proc rw,hidepid=invisible\n"}}, "proc", Limited, "hidepid=invisible", "hidepid=0"},
		"hybrid groups and crun":         {patient{files: files{"/bin/crun": "", "/proc/self/mountinfo": onDisk + "1 2 0:1 / /sys/fs/cgroup/cpu rw - cgroup c rw\n1 2 0:1 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n"}}, "cgroups", Limited, "hybrid", "WERF_BUILDAH_RUNTIME=runc"},
		"old groups":                     {patient{files: mounted("1 2 0:1 / /sys/fs/cgroup/cpu rw - cgroup c rw\n")}, "cgroups", Limited, "version 1", "unified_cgroup_hierarchy"},
		"no groups":                      {patient{files: mounted("")}, "cgroups", Limited, "not mounted", "cgroup2"},
		"no /dev/null":                   {patient{without: []string{"/dev/null"}}, "devices", Missing, "/dev/null", "mknod -m 666 /dev/null c 1 3"},
		"no /dev/fd":                     {patient{without: []string{"/dev/fd"}}, "dev-fd", Limited, "not there", "`sudo ln -s /proc/self/fd /dev/fd`"},
		"a file as /dev/fd":              {patient{without: []string{"/dev/fd"}, files: files{"/dev/fd": ""}}, "dev-fd", Limited, "not there", "`sudo ln -s"},
		"neither /dev/fd nor /proc":      {patient{without: []string{"/dev/fd", "/proc/self/status"}}, "dev-fd", Limited, "/proc", "mount -t proc"},
		"newuidmap in a container":       {patient{files: docker, ground: denied(Obstacle{Code: NoSubordinateIDs, Cause: MapProgramBounded, Message: "bounding set", Remedy: "setcap"})}, "newuidmap", Limited, "bounding set", "setcap"},
		"no git":                         {patient{without: []string{"/bin/git"}}, "git", Limited, "not installed", "apt-get install -y git"},
		"no /dev/shm":                    {patient{without: []string{"/dev/shm/"}}, "shm", Limited, "cannot be written", "mount -t tmpfs"},
		"few open files":                 {patient{limits: []Limit{{"nofile", 256, 1024}}}, "open-files", Limited, "1024", "nofile 65536"},
		"a filter":                       {patient{files: status("Seccomp:\t2\n"), ground: Ground{Standing: Bare}}, "seccomp", Limited, "refuses", "SystemCallFilter"},
		"no new privileges":              {patient{files: status("NoNewPrivs:\t1\n")}, "no-new-privileges", Limited, "newuidmap", "NoNewPrivileges=no"},
		"root with little":               {patient{files: root("CapEff:\t0000000000000001\n")}, "capabilities", Limited, "SETFCAP", "SETFCAP"},
		"a profile":                      {patient{files: files{"/proc/self/attr/current": "docker-default (enforce)\n"}, ground: Ground{Standing: Plain}}, "apparmor", Limited, "docker-default", "aa-complain docker-default"},
		"SELinux":                        {patient{files: files{"/sys/fs/selinux/enforce": "1"}, ground: Ground{Standing: Bare}}, "selinux", Limited, "enforcing", "ausearch"},
		"Windows, version 1":             {patient{files: files{"/proc/sys/kernel/osrelease": "4.4.0-19041-Microsoft"}}, "wsl", Missing, "version 1", "wsl --set-version"},
	} {
		check := c.patient.check(t, c.id)
		fixes := strings.Join(check.Fixes, "\n")
		if check.State != c.state || !strings.Contains(check.Found+check.Error, c.found) || !strings.Contains(fixes, c.fix) || len(check.Fixes) == 0 {
			t.Errorf("%s: %+v", name, check)
		}
	}
}

func TestWhatRootDoesNotNeedIsNotAskedOfIt(t *testing.T) {
	p := patient{
		files: map[string]string{
			"/proc/self/status":                          "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n",
			"/proc/sys/kernel/unprivileged_userns_clone": "1",
		},
		without: []string{"/bin/newuidmap", "/etc/subuid", "/etc/subgid"},
		ground:  Ground{Standing: AsRoot},
		set:     map[string]string{"XDG_RUNTIME_DIR": ""},
	}
	for _, id := range []string{"newuidmap", "subordinate-ids", "runtime-directory", "capabilities", "userns", "standing"} {
		if check := p.check(t, id); check.State != OK {
			t.Errorf("%+v", check)
		}
	}
}

func TestTheKernelsConfigurationMayBeCompressed(t *testing.T) {
	var text bytes.Buffer
	writer := gzip.NewWriter(&text)
	_, err := writer.Write([]byte("CONFIG_USER_NS=y\n"))
	must(t, err)
	must(t, writer.Close())
	p := patient{without: []string{"/boot/config-6.1.0-1-amd64"}, files: map[string]string{"/proc/config.gz": text.String()}}
	if check := p.check(t, "userns-kernel"); check.State != OK {
		t.Errorf("%+v", check)
	}
}

func TestSpaceIsScarceBelowATwentieth(t *testing.T) {
	if !scarce(4<<40, 100<<40) || scarce(5<<40, 100<<40) || !scarce(511<<20, 1<<30) || scarce(512<<20, 1<<30) || scarce(0, 0) {
		t.Error("the border is elsewhere")
	}
}

func TestChecksOfOthersComeBehind(t *testing.T) {
	own := func(context.Context) []Check { return []Check{{ID: "driver"}} }
	checks := Checks(t.Context(), "/", Ground{Standing: AsRoot}, Site{}, own)
	if last := checks[len(checks)-1]; last.ID != "driver" {
		t.Errorf("the last is %+v", last)
	}
	var ids []string
	for _, check := range checks {
		ids = append(ids, check.ID)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != len(checks) {
		t.Errorf("an id is there twice: %q", ids)
	}
}

func TestAFullStoreIsSeen(t *testing.T) {
	place := readable(t)
	if os.Geteuid() != 0 {
		t.Skip("a file system is mounted by root")
	}
	must(t, unix.Mount("full", place, "tmpfs", 0, "size=1m"))
	t.Cleanup(func() { must(t, unix.Unmount(place, unix.MNT_DETACH)) })
	must(t, os.WriteFile(place+"/filling", make([]byte, 1020<<10), 0o600))
	for _, check := range Checks(t.Context(), "/", Ground{Standing: AsRoot}, Site{Store: place + "/store"}) {
		if check.ID == "space" && (check.State != Limited || !strings.Contains(check.Found, "less than 5 %")) {
			t.Errorf("%+v", check)
		}
	}
}

func TestTheCheapestFixComesFirst(t *testing.T) {
	old := map[string]string{"/proc/sys/kernel/osrelease": "5.10.0-1-amd64"}
	for name, c := range map[string]struct {
		without []string
		want    []string
	}{
		"no device":  {[]string{"/dev/fuse"}, []string{"`sudo modprobe fuse` and `sudo chmod 666 /dev/fuse`", "boot a newer kernel"}},
		"no program": {[]string{"/bin/fuse-overlayfs"}, []string{"`sudo apt-get install -y fuse-overlayfs`", "boot a newer kernel"}},
		"both there": {nil, []string{"boot a newer kernel"}},
	} {
		if got := (patient{files: old, without: c.without}).check(t, "kernel").Fixes; !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func TestWhatIsInstalledIsNotToBeInstalled(t *testing.T) {
	files := map[string]string{"/bin/crun": "", "/bin/runc": "",
		"/proc/self/mountinfo": onDisk + "1 2 0:1 / /sys/fs/cgroup/cpu rw - cgroup c rw\n1 2 0:1 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n"}
	for _, fix := range (patient{files: files}).check(t, "cgroups").Fixes {
		if strings.Contains(fix, "install") {
			t.Errorf("got %s", fix)
		}
	}
}

func TestAVolumeForTheStoreIsNamedByItsDirectory(t *testing.T) {
	docker := map[string]string{dockerMark: "", "/proc/self/mountinfo": onOverlay}
	for store, want := range map[string]string{
		"/home/me/.local/share/containers/storage": "slipway-store:/home/me/.local/share/containers …",
		"/.local/share/containers/storage":         "slipway-store:/.local/share/containers …",
		"/var/lib/containers/storage":              "slipway-store:/var/lib/containers …",
		"/layers":                                  "slipway-store:/layers …",
	} {
		if got := (patient{files: docker, store: store}).check(t, "store-place").Fixes; len(got) == 0 || !strings.Contains(got[0], want) {
			t.Errorf("%s: got %q", store, got)
		}
	}
}
