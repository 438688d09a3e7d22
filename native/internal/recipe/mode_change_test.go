package recipe

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

func TestModesChangeAsChmodChangesThem(t *testing.T) {
	unix.Umask(0o022)
	directory := t.TempDir()
	for _, text := range []string{
		"0755", "1777", "u+x", "+x", "+w", "a+w", "-x", "=r", "u=rwX,go=rX", "go-rwx", "a=", "g=u", "o=g", "u-s", "u+s", "g+s", "+t", "o+t",
		"u=rw,g+x-w,o=", "a+X", "+X", "u=g", "ug=rws", "go=u-w", "=", "u+", "u+rwx-x",
	} {
		change, err := parseMode(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for _, mode := range []int64{0o644, 0o755, 0o600, 0o4711, 0o2750, 0o1777, 0} {
			for _, isDirectory := range []bool{false, true} {
				path := filepath.Join(directory, "x")
				if isDirectory {
					err = os.Mkdir(path, 0o700)
				} else {
					err = os.WriteFile(path, nil, 0o600)
				}
				if err == nil {
					err = unix.Chmod(path, uint32(mode))
				}
				if err != nil {
					t.Fatal(err)
				}
				// An octal mode is set as it is, where chmod leaves bits of directories alone.
				if _, number := strconv.ParseInt(text, 8, 32); number != nil {
					// It warns of what the mask leaves out by its status.
					_ = exec.Command("chmod", "--", text, path).Run()
				} else {
					_ = unix.Chmod(path, uint32(change.number))
				}
				var status unix.Stat_t
				if err := unix.Stat(path, &status); err != nil {
					t.Fatal(err)
				}
				if got := change.apply(mode, isDirectory); got != int64(status.Mode&0o7777) {
					t.Errorf("%s of %o, directory %v: got %o, chmod makes %o", text, mode, isDirectory, got, status.Mode&0o7777)
				}
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestWhatIsNoModeIsRefused(t *testing.T) {
	for _, text := range []string{"8", "10000", "-1", "x", "u", "u+q", "z+x", "u+x,", "u+xu", "+rg"} {
		if change, err := parseMode(text); err == nil {
			t.Errorf("%s became %+v", text, change)
		}
	}
}
