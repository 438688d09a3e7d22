package follow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// roleVariable makes the test's program the supervisor, or the command before it is executed.
const roleVariable = "SLIPWAY_FOLLOW_TEST_ROLE"

// outsideID is the one id that the namespace has.
const outsideID = 54321

// orders are what both roles are told.
type orders struct {
	Root, LedgerPath, SummaryPath string
	Args                          []string
	UID, GID                      uint32
	Groups                        []uint32
	// Bare: without the filter, to compare.
	Bare bool
}

func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	var told orders
	must(json.Unmarshal([]byte(os.Getenv(roleVariable+"_ORDERS")), &told))
	switch role {
	case "supervisor":
		supervise(told)
	case "command":
		command(told)
	case "drop":
		dropPrivileges()
	case "random":
		randomOperations()
	case "chown":
		chownItself()
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "role:", err)
		os.Exit(97)
	}
}

// supervise furnishes the root, starts the command and follows it.
func supervise(told orders) {
	must(unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""))
	for _, directory := range []string{"usr", "proc", "dev"} {
		must(unix.Mount("/"+directory, filepath.Join(told.Root, directory), "", unix.MS_BIND|unix.MS_REC, ""))
	}
	must(unix.Mount("tmpfs", filepath.Join(told.Root, "mnt"), "tmpfs", 0, ""))
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	theirs := os.NewFile(uintptr(pair[1]), "socket")
	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), roleVariable+"=command")
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.ExtraFiles = []*os.File{theirs}
	must(child.Start())
	theirs.Close()
	ended := make(chan error, 1)
	if told.Bare {
		must(child.Wait())
		return
	}
	listener, err := Receive(pair[0])
	must(err)
	root, err := unix.Open(fmt.Sprintf("/proc/%d/root", child.Process.Pid), unix.O_PATH|unix.O_CLOEXEC, 0)
	must(err)
	owners, err := ledger.Load(told.LedgerPath)
	must(err)
	go func() { ended <- child.Wait() }()
	summary, err := Serve(listener, Options{
		Root: root, Ledger: owners, UID: told.UID, GID: told.GID, Groups: told.Groups, Pid: child.Process.Pid,
	})
	must(err)
	must(owners.Save(told.LedgerPath))
	text, err := json.Marshal(summary)
	must(err)
	must(os.WriteFile(told.SummaryPath, text, 0o600))
	<-ended
	os.Exit(child.ProcessState.ExitCode() & 0xff)
}

// command becomes the command.
func command(told orders) {
	runtime.LockOSThread()
	must(unix.Chroot(told.Root))
	must(unix.Chdir("/"))
	environment := append([]string{"PATH=/usr/bin:/usr/sbin", "LC_ALL=C", "HOME=/root"}, programVariables()...)
	if !told.Bare {
		listener, err := Install()
		must(err)
		must(Send(3, listener))
		unix.CloseOnExec(3)
	}
	must(unix.Exec(told.Args[0], told.Args, environment))
}

// programVariables lets a command be this program again.
func programVariables() []string {
	return []string{roleVariable + "_ORDERS={}"}
}

// ground is a root that a user owns, and what is known of it.
type ground struct {
	orders
	t testing.TB
}

// newGround makes a root in a directory that exists on every Linux: a real disk mostly, a tmpfs by TMPDIR.
func newGround(t testing.TB, parent string) *ground {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("these tests make a user namespace for another user: run them as root")
	}
	private, err := os.MkdirTemp(parent, "follow-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(private) })
	root := filepath.Join(private, "root")
	g := &ground{t: t, orders: orders{
		Root: root, LedgerPath: filepath.Join(private, "owners"), SummaryPath: filepath.Join(private, "summary"),
	}}
	for _, directory := range []string{"usr", "proc", "dev", "mnt", "root", "work", "tmp", "etc/pam.d", "run", "var/lib", "var/log"} {
		g.check(os.MkdirAll(filepath.Join(root, directory), 0o755))
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		g.check(os.Symlink("usr/"+name, filepath.Join(root, name)))
	}
	g.put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/work:/bin/sh\nuser:x:1234:1234::/work:/bin/sh\n")
	g.put("etc/group", "root:x:0:\nshadow:x:42:\nwww-data:x:33:\nuser:x:1234:\nextra:x:77:user\n")
	g.put("etc/pam.d/su", "auth sufficient pam_rootok.so\nauth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n")
	g.check(os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky))
	program, err := os.Executable()
	g.check(err)
	text, err := os.ReadFile(program)
	g.check(err)
	g.check(os.WriteFile(filepath.Join(root, "program"), text, 0o755))
	g.own(private)
	return g
}

func (g *ground) check(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g *ground) put(name, text string) {
	g.t.Helper()
	g.check(os.WriteFile(filepath.Join(g.Root, name), []byte(text), 0o644))
}

// own gives a tree to the user.
func (g *ground) own(tree string) {
	g.t.Helper()
	g.check(filepath.Walk(tree, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, outsideID, outsideID)
	}))
	g.check(os.Chmod(tree, 0o755))
}

// start starts a command in the namespace.
func (g *ground) start(output *bytes.Buffer, args ...string) *exec.Cmd {
	g.t.Helper()
	told := g.orders
	told.Args = args
	text, err := json.Marshal(told)
	g.check(err)
	started := exec.Command(filepath.Join(g.Root, "program"))
	started.Env = append(os.Environ(), roleVariable+"=supervisor", roleVariable+"_ORDERS="+string(text))
	started.Stdout, started.Stderr = output, output
	started.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: outsideID, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: outsideID, Size: 1}},
		Credential:  &syscall.Credential{NoSetGroups: true},
	}
	g.check(started.Start())
	return started
}

// run runs a command to its end, and gives its output and exit status.
func (g *ground) run(args ...string) (string, int) {
	g.t.Helper()
	var output bytes.Buffer
	started := g.start(&output, args...)
	timer := time.AfterFunc(5*time.Minute, func() { _ = started.Process.Kill() })
	defer timer.Stop()
	_ = started.Wait()
	return output.String(), started.ProcessState.ExitCode()
}

// sh runs a script that must succeed.
func (g *ground) sh(script string) string {
	g.t.Helper()
	output, code := g.run("/bin/sh", "-euc", script)
	if code != 0 {
		g.t.Fatalf("exit status %d of\n%s\n%s", code, script, output)
	}
	return strings.TrimSpace(output)
}

// owners is the ledger as the last command left it.
func (g *ground) owners() ledger.Ledger {
	g.t.Helper()
	owners, err := ledger.Load(g.LedgerPath)
	g.check(err)
	return owners
}

// owner is what the ledger says about a file.
func (g *ground) owner(name string) ledger.Owner {
	g.t.Helper()
	key, err := ledger.KeyOf(unix.AT_FDCWD, filepath.Join(g.Root, name), unix.AT_SYMLINK_NOFOLLOW)
	g.check(err)
	return g.owners()[key]
}

func (g *ground) summary() Summary {
	g.t.Helper()
	var summary Summary
	text, err := os.ReadFile(g.SummaryPath)
	g.check(err)
	g.check(json.Unmarshal(text, &summary))
	return summary
}

// onEach runs a test on a disk and in memory.
func onEach(t *testing.T, test func(t *testing.T, g *ground)) {
	for name, parent := range map[string]string{"disk": "/var/tmp", "memory": "/dev/shm"} {
		t.Run(name, func(t *testing.T) { test(t, newGround(t, parent)) })
	}
}

// expect compares output with lines.
func expect(t *testing.T, output string, lines ...string) {
	t.Helper()
	if expected := strings.Join(lines, "\n"); output != expected {
		t.Errorf("got\n%s\nexpected\n%s", output, expected)
	}
}
