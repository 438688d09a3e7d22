package store

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

const mountinfo = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
30 22 0:26 / /home rw,relatime shared:5 - nfs4 server:/home rw,vers=4.2
31 22 0:27 / /mnt/c rw,noatime - 9p C:\134 rw,aname=drvfs;path=C:\134,trans=fd
32 22 0:28 / /a\040b rw - tmpfs tmpfs rw
33 22 0:29 / /over rw - ext4 /dev/sdb rw
34 33 0:30 / /over rw - overlay overlay rw,lowerdir=/x
`

func TestAFileSystemIsTheInnermostAndLastMount(t *testing.T) {
	for path, want := range map[string]string{
		"/var/lib":        "ext4 mounted at /",
		"/home/u/storage": "nfs4 mounted at /home",
		"/homes":          "ext4 mounted at /",
		"/a b/c":          "tmpfs mounted at /a b",
		"/over/store":     "overlay mounted at /over",
		"/mnt/c/store":    "a Windows disk (9p) mounted at /mnt/c",
	} {
		seen := filesystem{path: path}
		seen.kind, seen.source, seen.mountPoint = mountOf(mountinfo, path)
		if seen.String() != want {
			t.Errorf("%s: got %s", path, seen)
		}
	}
}

func TestAFileSystemThatWorksBadlyIsNamed(t *testing.T) {
	for _, test := range []struct {
		seen filesystem
		want []string
	}{
		{filesystem{path: "/s", kind: "ext4", mountPoint: "/"}, nil},
		{filesystem{path: "/s", kind: "nfs4", mountPoint: "/s"}, []string{"the store /s is on nfs4 mounted at /s: builds are slow", "local disk"}},
		{filesystem{path: "/s", kind: "virtiofs", mountPoint: "/s"}, []string{"virtiofs"}},
		{filesystem{path: "/mnt/c/s", kind: "9p", source: `C:\`, mountPoint: "/mnt/c"}, []string{"a Windows disk (9p)", "disk of Linux"}},
	} {
		cautions := strings.Join(test.seen.cautions(), " ")
		if len(test.want) == 0 && cautions != "" || !containsAll(cautions, test.want) {
			t.Errorf("%+v: got %q", test.seen, cautions)
		}
	}
}

func TestErrorsOfTheStoreSayWhatTheyMean(t *testing.T) {
	seen := filesystem{path: "/s", kind: "xfs", mountPoint: "/", contained: func() bool { return false }}
	for _, test := range []struct {
		err  error
		code string
		want []string
	}{
		{unix.EROFS, Unusable, []string{"the store /s (xfs mounted at /) is read-only", elsewhere}},
		{unix.EDQUOT, NoSpaceLeft, []string{"the quota of the store /s (xfs mounted at /) is used up", "raise the quota"}},
		{unix.ENOSPC, NoSpaceLeft, []string{"is full", "free some space"}},
		{unix.EACCES, Unusable, []string{"refuses this user", "`chown` it"}},
		{unix.ESTALE, Unusable, []string{"does not answer", "mount it again"}},
		{errIgnoresCase, Unusable, []string{"upper and lower case"}},
	} {
		got := seen.fault(&os.PathError{Op: "open", Path: "/s/x", Err: test.err})
		if got.Code != test.code || !containsAll(got.Message+" | "+got.Remedy, test.want) {
			t.Errorf("%v: got %+v", test.err, got)
		}
	}
}

func TestEachRefusalOfAMountHasItsRemedy(t *testing.T) {
	for _, test := range []struct {
		kind      string
		contained bool
		err       error
		want      string
	}{
		{"ext4", false, &mountError{unix.ENODEV}, "`sudo modprobe overlay`, or "},
		{"ext4", false, &mountError{unix.EPERM}, "/dev/fuse (`sudo modprobe fuse`)"},
		{"overlay", false, &mountError{unix.EINVAL}, "a place for the store that is not on overlay"},
		{"nfs4", false, &mountError{unix.EINVAL}, "a place for the store on a local disk"},
		{"ramfs", false, errors.New("opaque"), "ext4, xfs or btrfs"},
		{"ext4", false, unix.EDQUOT, "raise the quota"},
		{"ext4", true, &mountError{unix.EPERM}, "`docker run --security-opt seccomp=unconfined"},
		{"ext4", true, &mountError{unix.ENODEV}, "`docker run --device /dev/fuse`"},
		{"overlay", true, &mountError{unix.EINVAL}, "`docker run --volume slipway-store:/s …`"},
	} {
		ground := &trialGround{place: filesystem{path: "/s", kind: test.kind, mountPoint: "/s", contained: func() bool { return test.contained }}}
		if got := ground.mountRemedy(Overlay, test.err); !strings.Contains(got, test.want) {
			t.Errorf("%s, %v: got %s", test.kind, test.err, got)
		}
	}
}

func TestANewerKernelIsTheLastAdvice(t *testing.T) {
	place := filesystem{path: "/s", kind: "ext4", contained: func() bool { return false }}
	device, kernel, both := strings.Cut(place.deniedRemedy(true), "; or ")
	if !both || !strings.HasSuffix(device, "/dev/fuse (`sudo modprobe fuse`)") || !strings.HasPrefix(kernel, "kernel 5.13 or later") {
		t.Errorf("got %q, %q", device, kernel)
	}
	if got := place.deniedRemedy(false); strings.Contains(got, "kernel") {
		t.Errorf("root: got %s", got)
	}
}

func TestAVolumeIsAdvisedWhereTheLayersAre(t *testing.T) {
	place := filesystem{path: "/", store: "/.local/share/containers/storage", contained: func() bool { return true }}
	if got := place.another(); !strings.Contains(got, "slipway-store:/.local/share/containers …") {
		t.Errorf("got %s", got)
	}
}

func TestWhatIsInTheWayIsTakenAwayWhereItIs(t *testing.T) {
	for _, test := range []struct {
		contained bool
		want      []string
	}{
		{false, []string{"`sudo mount -o remount,exec /s`", "install the package fuse-overlayfs", "`sudo modprobe fuse`", "`sudo chmod 666 /dev/fuse`"}},
		{true, []string{
			"give the container's volume at /s without noexec", "install the package fuse-overlayfs", "`docker run --device /dev/fuse`", "in a pod a device plugin",
		}},
	} {
		ground := &trialGround{place: filesystem{path: "/s/store", kind: "ext4", mountPoint: "/s", contained: func() bool { return test.contained }}}
		for i, got := range []string{
			ground.remount("noexec", "exec"), ground.place.fuseRemedy(exec.ErrNotFound), ground.place.fuseRemedy(os.ErrNotExist), ground.place.fuseRemedy(os.ErrPermission),
		} {
			if !strings.Contains(got, test.want[i]) {
				t.Errorf("in a container %t: got %s", test.contained, got)
			}
		}
	}
}

func TestAStoreWithoutAPlaceSaysWhatToSet(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	file := home + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		".local/share/containers/storage": "is no absolute path",
		file + "/storage":                 file + " is no directory",
		"/proc/storage":                   "the store /proc/storage cannot be made",
	} {
		_, err := settle(path)
		var obstacle *host.Obstacle
		if !errors.As(err, &obstacle) || !strings.Contains(obstacle.Message, want) || obstacle.Remedy == "" {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func TestInContainersFuseOverlayfsGetsItsOptions(t *testing.T) {
	if openable("/dev/fuse") != nil {
		t.Fatal("this test needs /dev/fuse")
	}
	t.Setenv("WERF_CONTAINERIZED", "yes")
	options, err := FuseOverlayfs.options(nil)
	if err != nil || !slices.Contains(options, "overlay.mountopt=nodev,fsync=0") {
		t.Errorf("got %q, %v", options, err)
	}
	options, err = FuseOverlayfs.options([]string{"overlay.mountopt=noacl"})
	if err != nil || option(options, "mountopt") != "noacl" {
		t.Errorf("what storage.conf says: %q, %v", options, err)
	}
}

func containsAll(text string, parts []string) bool {
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}
