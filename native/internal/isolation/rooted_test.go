package isolation

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"go.podman.io/buildah"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

func TestMain(m *testing.M) {
	if slices.Contains(os.Args, host.NothingCommand) {
		return
	}
	Supervise(os.Args)
	if buildah.InitReexec() {
		return
	}
	unix.Umask(0o022)
	os.Exit(m.Run())
}

// dockerCapabilities are those that Docker gives to containers.
var dockerCapabilities = []string{"CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
	"CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"}

// place is a directory where device nodes can be opened.
func place(t testing.TB) string {
	t.Helper()
	for _, parent := range []string{os.TempDir(), "/var/tmp"} {
		var status unix.Statfs_t
		if unix.Statfs(parent, &status) == nil && status.Flags&unix.ST_NODEV == 0 {
			made, err := os.MkdirTemp(parent, "slipway-rooted-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := os.RemoveAll(made); err != nil {
					t.Error(err)
				}
			})
			return made
		}
	}
	t.Fatal("no directory allows devices")
	return ""
}

// bed is an image of busybox, and where its commands keep things.
type bed struct {
	t      testing.TB
	base   string
	root   string
	stdout bytes.Buffer
	stderr bytes.Buffer
}

// applets are the programs of the image.
const applets = "sh cat ls dd echo id sleep mkdir rm mv ln chown chmod stat touch kill test true tee hostname wc tr setsid grep mknod"

func newBed(t testing.TB) *bed {
	t.Helper()
	base := place(t)
	b := &bed{t: t, base: base, root: filepath.Join(base, "root")}
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatalf("these tests need a static busybox: %v", err)
	}
	for _, name := range []string{"bin", "dev", "proc", "sys", "etc", "tmp", "root", "data"} {
		b.must(os.MkdirAll(filepath.Join(b.root, name), 0o755))
	}
	b.must(os.Mkdir(filepath.Join(base, "tree"), 0o700))
	b.must(os.Mkdir(filepath.Join(base, "bundle"), 0o700))
	b.must(copyContent(busybox, filepath.Join(b.root, "bin/busybox")))
	b.must(os.Chmod(filepath.Join(b.root, "bin/busybox"), 0o755))
	for _, applet := range strings.Fields(applets) {
		b.must(os.Symlink("busybox", filepath.Join(b.root, "bin", applet)))
	}
	b.must(os.WriteFile(filepath.Join(b.root, "dev/original"), []byte("of the image"), 0o640))
	b.must(os.WriteFile(filepath.Join(b.root, "etc/hosts"), []byte("of the image\n"), 0o644))
	for _, name := range []string{"dev", "etc", "data", "."} {
		b.must(os.Chtimes(filepath.Join(b.root, name), time.Unix(1e9, 0), time.Unix(1e9, 5)))
	}
	return b
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) command(script string, mounts ...specs.Mount) Command {
	return Command{
		Root: b.root, Args: []string{"sh", "-c", script}, Env: []string{"PATH=/bin"}, Dir: "/", Home: "/root", Mounts: mounts,
		Capabilities: dockerCapabilities, Hostname: "slipway", Network: HostNetwork,
		Bundle: filepath.Join(b.base, "bundle"), Tree: filepath.Join(b.base, "tree"), Stdout: &b.stdout, Stderr: &b.stderr,
	}
}

// run runs a command and gives what it printed.
func (b *bed) run(runner Runner, command Command) (string, error) {
	b.t.Helper()
	b.stdout.Reset()
	b.stderr.Reset()
	leash, err := NewLeash(command.Bundle, command.Network, "")
	b.must(err)
	defer leash.Close()
	command.Stdin = leash.Input()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	_, err = runner.Run(ctx, command)
	return b.stdout.String(), err
}

// works runs a script that must succeed.
func (b *bed) works(runner Runner, command Command) string {
	b.t.Helper()
	before := listing(b.t, b.root)
	text, err := b.run(runner, command)
	if err != nil {
		b.t.Fatalf("%v\n%s%s", err, text, b.stderr.String())
	}
	if after := listing(b.t, b.root); after != before {
		b.t.Errorf("the tree is another afterwards:\n%s\nbefore:\n%s", after, before)
	}
	if left, err := os.ReadDir(command.Tree); err != nil || len(left) > 0 {
		b.t.Errorf("left in the tree of what was covered: %v, %v", left, err)
	}
	return text
}

// listing has all names, modes, owners, times and contents of a tree.
func listing(t testing.TB, root string) string {
	t.Helper()
	var lines strings.Builder
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var status unix.Stat_t
		if err := unix.Lstat(path, &status); err != nil {
			return err
		}
		content := ""
		if entry.Type().IsRegular() && status.Size < 1000 {
			text, _ := os.ReadFile(path)
			content = string(text)
		}
		_, err = fmt.Fprintf(&lines, "%s %o %d:%d %d.%09d %q\n", strings.TrimPrefix(path, root), status.Mode, status.Uid, status.Gid,
			status.Mtim.Sec, status.Mtim.Nsec, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return lines.String()
}

func exitOf(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}

// mountsIn lists what is mounted below a directory. Elsewhere others may mount something at any time.
func mountsIn(t *testing.T, directory string) []string {
	t.Helper()
	points, err := mountPoints()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(points, func(point string) bool { return !strings.HasPrefix(point, directory+"/") })
}
