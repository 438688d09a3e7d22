package isolation

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"slipway.dev/engine/internal/host"
)

func TestPoliciesAreRecognisedByTheirTraces(t *testing.T) {
	directory := t.TempDir()
	open, closed := filepath.Join(directory, "open"), filepath.Join(directory, "closed")
	for path, mode := range map[string]os.FileMode{open: 0o755, closed: 0o200} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	const selinux, apparmor, neither = "system_u:system_r:container_t:s0", "docker-default (enforce)\n", "unconfined\n"
	for _, one := range []struct {
		label, enforcing string
		denial           Denial
		want             string
	}{
		{selinux, "1", Denial{Call: "open", Path: open, Err: syscall.EACCES}, "this process is system_u:system_r:container_t:s0"},
		{selinux, "1", Denial{Output: []string{"cat: /data: Permission denied"}}, "ausearch"},
		{selinux, "1", Denial{Call: "open", Path: closed, Err: syscall.EACCES}, ""},
		{selinux, "1", Denial{Call: "open", Path: open, Err: syscall.ENOENT}, ""},
		{selinux, "0", Denial{Call: "open", Path: open, Err: syscall.EACCES}, ""},
		{apparmor, "", Denial{Call: "mount", Err: syscall.EPERM}, "AppArmor profile docker-default"},
		{apparmor, "", Denial{Call: "mount", Err: syscall.EACCES}, "apparmor=unconfined"},
		{apparmor, "", Denial{Call: "exec", Path: open, Err: syscall.EACCES}, "docker-default"},
		{apparmor, "", Denial{Call: "chown", Path: open, Err: syscall.EPERM}, ""},
		{neither, "", Denial{Call: "mount", Err: syscall.EPERM}, ""},
		{"docker-default (complain)", "", Denial{Call: "mount", Err: syscall.EPERM}, ""},
		{"", "", Denial{Call: "mount", Err: syscall.EPERM}, ""},
	} {
		root := t.TempDir()
		for path, text := range map[string]string{"proc/self/attr/current": one.label, "sys/fs/selinux/enforce": one.enforcing} {
			if err := os.MkdirAll(filepath.Join(root, filepath.Dir(path)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got := one.denial.Hint(host.Root(root))
		if (got == "") != (one.want == "") || !strings.Contains(got, one.want) {
			t.Errorf("%+v: got %q", one, got)
		}
	}
}

func TestPathsAreFoundWithinARoot(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "a/b"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"up": "../../../a", "absolute": "/a/b", "loop": "loop"} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{"/up/b": "/a/b", "absolute/c": "/a/b/c", "/../../a": "/a", "/": ""} {
		if got, missing, err := within(root, path); err != nil || got != root+want || len(missing) > 0 {
			t.Errorf("%s: got %s, %v, %v", path, got, missing, err)
		}
	}
	if _, missing, err := within(root, "/a/x/y/z"); err != nil || len(missing) != 2 || missing[0] != filepath.Join(root, "a/x") {
		t.Errorf("missing: %v, %v", missing, err)
	}
	if _, _, err := within(root, "/loop"); err == nil {
		t.Error("a loop was followed")
	}
}
