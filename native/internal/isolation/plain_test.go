package isolation

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

func TestPlainChrootMountsNothing(t *testing.T) {
	b := newBed(t)
	namespace, err := os.Readlink("/proc/self/ns/mnt")
	b.must(err)
	type seen struct {
		namespace string
		mounts    []string
	}
	during := make(chan seen, 1)
	go func() {
		var found []int
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && len(found) == 0; {
			time.Sleep(time.Millisecond)
			found, _ = b.napping(0)
		}
		theirs, _ := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", append(found, 0)[0]))
		during <- seen{theirs, mountsIn(t, b.base)}
	}()
	b.works(rooted{}, b.command(b.nap(0)))
	if got := <-during; got.namespace != namespace || len(got.mounts) > 0 || len(mountsIn(t, b.base)) > 0 {
		t.Errorf("something was mounted: %+v", got)
	}
}

func TestPlainChrootHasDevicesAndAStandInForProc(t *testing.T) {
	b := newBed(t)
	text := b.works(rooted{}, b.command(`
		dd if=/dev/zero bs=1000 count=2 2>/dev/null | wc -c
		echo lost > /dev/null && dd if=/dev/urandom bs=8 count=1 2>/dev/null | wc -c
		ls /dev | tr '\n' ' '; echo
		stat -c %a /dev/shm /dev/null
		cat /proc/mounts /proc/self/cgroup
		test -s /proc/meminfo && test -s /proc/sys/kernel/osrelease && test -s /proc/README-slipway && echo read
		cat /sys/devices/system/cpu/online`))
	kind := fileSystemOf(b.root)
	online, _ := os.ReadFile("/sys/devices/system/cpu/online")
	want := "2000\n8\nfd full mqueue null pts random shm stderr stdin stdout tty urandom zero \n1777\n666\n" +
		kind + " / " + kind + " rw,relatime 0 0\n0::/\nread\n" + string(online)
	if text = strings.ReplaceAll(text, "/bin/tr", ""); text != want {
		t.Errorf("got\n%s\nwanted\n%s", text, want)
	}
}

func TestStandardErrorHasANameAndStandardOutputNone(t *testing.T) {
	b := newBed(t)
	for _, uid := range []uint32{0, 1000} {
		command := b.command("echo one >&2; echo two > /dev/stderr; echo three | tee /dev/stderr | cat; echo four > /dev/stdout || echo refused")
		command.UID = uid
		if text := b.works(rooted{}, command); text != "three\nrefused\n" {
			t.Errorf("got %q", text)
		}
		if text := b.stderr.String(); !strings.HasPrefix(text, "one\ntwo\nthree\n") {
			t.Errorf("got %q", text)
		}
	}
}

func TestACommandMayBeAnotherUser(t *testing.T) {
	b := newBed(t)
	command := b.command("id -u; id -g; id -G; touch /root/x; cat /proc/self/status")
	command.UID, command.GID, command.Groups = 1000, 1001, []uint32{1001, 50, 51}
	text, err := b.run(rooted{}, command)
	if err != nil || !strings.HasPrefix(text, "1000\n1001\n1001 50 51\n") || !strings.Contains(b.stderr.String(), "Permission denied") {
		t.Errorf("got %v\n%s%s", err, text, b.stderr.String())
	}
}

func TestPlainChrootGivesTheCapabilitiesAskedFor(t *testing.T) {
	for uid, want := range map[uint32]string{0: "00000000a80425fb 00000000a80425fb\n", 1000: "00000000a80425fb 0000000000000000\n"} {
		b := newBed(t)
		command := b.act("capabilities")
		command.UID = uid
		if text := b.works(rooted{}, command); text != want {
			t.Errorf("user %d: got %s", uid, text)
		}
	}
}

func TestWhatACommandStartsEndsWithIt(t *testing.T) {
	for name, runner := range map[string]Runner{"plain": rooted{}, "mounted": rooted{mounted: true}} {
		b := newBed(t)
		b.works(runner, b.command(daemons(b.nap(4711))))
		if found, _ := b.napping(4711); len(found) > 0 {
			t.Errorf("%s: still there: %v", name, found)
		}
	}
}

func TestAWritableMountIsWrittenBack(t *testing.T) {
	b := newBed(t)
	source := filepath.Join(b.base, "source")
	b.must(os.MkdirAll(filepath.Join(source, "kept/deep"), 0o755))
	for _, name := range []string{"kept/deep/same", "changed", "removed"} {
		b.must(os.WriteFile(filepath.Join(source, name), []byte("old"), 0o644))
	}
	var before, after unix.Stat_t
	b.must(unix.Stat(filepath.Join(source, "kept/deep/same"), &before))
	b.works(rooted{}, b.command(`cd /data; rm removed; echo new > changed; mkdir -p made/in; echo x > made/in/file
		chown 5:6 made/in/file; chmod 4755 made/in/file; ln made/in/file second; ln -s /etc/passwd link; chmod 700 kept`,
		specs.Mount{Type: "bind", Source: source, Destination: "/data", Options: []string{"rbind", "rw"}}))
	b.must(unix.Stat(filepath.Join(source, "kept/deep/same"), &after))
	if before.Ino != after.Ino || before.Ctim != after.Ctim {
		t.Error("what did not change was written")
	}
	got := listing(t, source)
	for _, want := range []string{"/changed 100644 0:0", `"new\n"`, "/made/in/file 104755 5:6", "/link 120777", "/kept 40700"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "removed") || strings.Contains(got, "slipway") {
		t.Errorf("got\n%s", got)
	}
	var first, second unix.Stat_t
	b.must(unix.Lstat(filepath.Join(source, "made/in/file"), &first))
	b.must(unix.Lstat(filepath.Join(source, "second"), &second))
	if first.Ino != second.Ino {
		t.Error("two names of one file became two files")
	}
}

func TestAReadOnlyMountKeepsItsSource(t *testing.T) {
	b := newBed(t)
	source := filepath.Join(b.base, "source")
	b.must(os.Mkdir(source, 0o755))
	b.must(os.WriteFile(filepath.Join(source, "file"), []byte("old"), 0o600))
	before := listing(t, source)
	text := b.works(rooted{}, b.command("cat /data/file; rm /data/file; echo x > /data/other",
		specs.Mount{Type: "bind", Source: source, Destination: "/data", Options: []string{"rbind", "ro"}}))
	if text != "old" || listing(t, source) != before {
		t.Errorf("got %s and\n%s", text, listing(t, source))
	}
}

func TestAMovableDirectoryIsMoved(t *testing.T) {
	b := newBed(t)
	source := filepath.Join(b.base, "cache")
	b.must(os.Mkdir(source, 0o750))
	b.must(os.WriteFile(filepath.Join(source, "file"), []byte("old"), 0o644))
	inode := func() uint64 {
		var status unix.Stat_t
		b.must(unix.Stat(source, &status))
		return status.Ino
	}
	before := inode()
	mount := specs.Mount{Type: "bind", Source: source, Destination: "/data", Options: []string{"rbind", "rw", Movable}}
	b.works(rooted{}, b.command("echo new > /data/file; stat -c %i /data", mount))
	if text, _ := os.ReadFile(filepath.Join(source, "file")); string(text) != "new\n" || inode() != before {
		t.Errorf("got %q", text)
	}
	if _, err := b.run(rooted{}, b.command("rm -rf /data", mount)); err != nil {
		t.Error(err)
	}
	if got := strings.Count(listing(t, source), "\n"); got != 1 {
		t.Errorf("%d entries", got)
	}
}

func TestAMovableDirectoryOfAnotherFileSystemIsCopied(t *testing.T) {
	b := newBed(t)
	source := filepath.Join(otherFileSystem(t), "cache")
	b.must(os.Mkdir(source, 0o750))
	b.works(rooted{}, b.command("echo new > /data/file",
		specs.Mount{Type: "bind", Source: source, Destination: "/data", Options: []string{"rbind", "rw", Movable}}))
	if text, _ := os.ReadFile(filepath.Join(source, "file")); string(text) != "new\n" {
		t.Errorf("got %q", text)
	}
}

func TestMountsInMountsAndFilesAreCovered(t *testing.T) {
	b := newBed(t)
	outer, file := filepath.Join(b.base, "outer"), filepath.Join(b.base, "hosts")
	b.must(os.Mkdir(outer, 0o755))
	b.must(os.WriteFile(file, []byte("of the run\n"), 0o644))
	text := b.works(rooted{}, b.command("cat /etc/hosts; echo x > /data/inner/deep/x; stat -c %a /data/inner/deep; echo added >> /etc/hosts",
		specs.Mount{Type: "tmpfs", Destination: "/data/inner/deep", Options: []string{"mode=700", "rw"}},
		specs.Mount{Type: "bind", Source: outer, Destination: "/data", Options: []string{"rbind", "rw"}},
		specs.Mount{Type: "bind", Source: file, Destination: "/etc/hosts", Options: []string{"bind", "rw"}}))
	kept, _ := os.ReadFile(file)
	if text != "of the run\n700\n" || string(kept) != "of the run\nadded\n" {
		t.Errorf("got %q, %q", text, kept)
	}
	if entries, _ := os.ReadDir(outer); len(entries) > 0 {
		t.Errorf("in the outer one: %v", entries)
	}
}

func TestACommandCannotLeadTheUncoveringAstray(t *testing.T) {
	b := newBed(t)
	outside := filepath.Join(b.base, "outside")
	b.must(os.MkdirAll(outside, 0o755))
	b.must(os.WriteFile(filepath.Join(outside, "hosts"), []byte("outside\n"), 0o644))
	source := filepath.Join(b.base, "hosts")
	b.must(os.WriteFile(source, []byte("of the run\n"), 0o644))
	_, err := b.run(rooted{}, b.command("mv /etc /moved && ln -s "+outside+" /etc && rm -rf /dev && ln -s "+outside+" /dev",
		specs.Mount{Type: "bind", Source: source, Destination: "/etc/hosts", Options: []string{"bind", "rw"}}))
	moved, _ := os.ReadFile(filepath.Join(b.root, "moved/hosts"))
	kept, _ := os.ReadFile(filepath.Join(outside, "hosts"))
	device, _ := os.ReadFile(filepath.Join(b.root, "dev/original"))
	if err != nil || string(moved) != "of the image\n" || string(kept) != "outside\n" || string(device) != "of the image" {
		t.Errorf("got %v, %q, %q, %q", err, moved, kept, device)
	}
	mount := specs.Mount{Type: "bind", Source: source, Destination: "/moved/hosts", Options: []string{"bind", "rw"}}
	_, err = b.run(rooted{}, b.command("rm -rf /moved", mount))
	if moved, _ = os.ReadFile(filepath.Join(b.root, "moved/hosts")); err != nil || string(moved) != "of the image\n" {
		t.Errorf("after its directory was removed: %v, %q", err, moved)
	}
}

func TestASocketIsReachedByLinkAndByRelay(t *testing.T) {
	b := newBed(t)
	for _, directory := range []string{b.base, otherFileSystem(t)} {
		path := filepath.Join(directory, "agent")
		listener, err := net.Listen("unix", path)
		b.must(err)
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				text := make([]byte, 5)
				_, _ = connection.Read(text)
				_, _ = connection.Write([]byte("got " + string(text)))
				_ = connection.Close()
			}
		}()
		b.must(os.WriteFile(filepath.Join(b.root, "data/agent"), nil, 0o644))
		command := b.act("ask", specs.Mount{Type: "bind", Source: path, Destination: "/data/agent", Options: []string{"bind", "ro"}})
		if text := b.works(rooted{}, command); text != "got hello" {
			t.Errorf("%s: got %q", directory, text)
		}
		b.must(listener.Close())
	}
}

// otherFileSystem mounts one for a test.
func otherFileSystem(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	if err := unix.Mount("tmpfs", directory, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(directory, 0); err != nil {
			t.Error(err)
		}
	})
	return directory
}

func TestLimitsHoldAndCannotBeRaised(t *testing.T) {
	b := newBed(t)
	command := b.command("ulimit -n; ulimit -Hn; ulimit -c")
	command.Limits = []host.Limit{{Name: "nofile", Soft: 100, Hard: 200}, {Name: "core", Soft: 0, Hard: 0}}
	if text := b.works(rooted{}, command); text != "100\n200\n0\n" {
		t.Errorf("got %q", text)
	}
}

func TestAllPresentLimitsCanBeGivenOn(t *testing.T) {
	b := newBed(t)
	present, err := host.Limits()
	b.must(err)
	command := b.command("ulimit -n")
	command.Limits = present
	b.works(rooted{}, command)
}

func TestWhatCannotBeCoveredStays(t *testing.T) {
	b := newBed(t)
	before := listing(t, b.root)
	mount := specs.Mount{Type: "bind", Source: filepath.Join(b.base, "no such"), Destination: "/data", Options: []string{"bind", "rw"}}
	if _, err := b.run(rooted{}, b.command("true", mount)); err == nil || !strings.Contains(err.Error(), "/data") {
		t.Errorf("got %v", err)
	}
	// From a tree on another file system nothing can be moved.
	command := b.command("true")
	command.Tree = otherFileSystem(t)
	if _, err := b.run(rooted{}, command); err == nil || !strings.Contains(err.Error(), "cross-device") {
		t.Errorf("got %v", err)
	}
	if after := listing(t, b.root); after != before {
		t.Errorf("the tree is another afterwards:\n%s", after)
	}
}

func TestStatusAndSignalOfACommand(t *testing.T) {
	b := newBed(t)
	b.must(os.WriteFile(filepath.Join(b.root, "bin/plain-text"), []byte("#!/no/such\n"), 0o755))
	b.must(os.WriteFile(filepath.Join(b.root, "bin/closed"), []byte("x"), 0o644))
	for _, one := range []struct {
		args   []string
		status int
		text   string
	}{
		{[]string{"sh", "-c", "exit 7"}, 7, ""},
		{[]string{"sh", "-c", "kill -9 $$"}, 128 + int(syscall.SIGKILL), ""},
		{[]string{"sh", "-c", "kill -15 $$"}, 128 + int(syscall.SIGTERM), ""},
		{[]string{"nosuch"}, 127, `exec: "nosuch": executable file not found in $PATH`},
		{[]string{"/no/such"}, 127, `exec: "/no/such": no such file or directory`},
		{[]string{"/bin/plain-text"}, 127, "interpreter"},
		{[]string{"closed"}, 126, `exec: "closed": permission denied`},
		{[]string{"/bin/closed"}, 126, `exec: "/bin/closed": permission denied`},
		{[]string{"/data"}, 126, "is a directory"},
	} {
		command := b.command("")
		command.Args = one.args
		before := listing(t, b.root)
		_, err := b.run(rooted{}, command)
		if exitOf(err) != one.status || !strings.Contains(b.stderr.String(), one.text) {
			t.Errorf("%q: got %v, %s", one.args, err, b.stderr.String())
		}
		if listing(t, b.root) != before {
			t.Errorf("%q: the tree is another afterwards", one.args)
		}
	}
}

func TestAKilledRunnerLeavesNoProcessAndNoCover(t *testing.T) {
	for name, runner := range map[string]Runner{"plain": rooted{}, "mounted": rooted{mounted: true}} {
		b := newBed(t)
		command := b.command(threeNaps(b.nap(4712)))
		if name == "plain" {
			command.UID = 1000
		}
		killedRunner(t, b, runner, command, 4712)
	}
}

func TestAStoppedBuildUncovers(t *testing.T) {
	b := newBed(t)
	before := listing(t, b.root)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	command := b.command(b.nap(4713))
	leash, err := NewLeash(command.Bundle, HostNetwork, "")
	b.must(err)
	defer leash.Close()
	command.Stdin = leash.Input()
	_, err = (rooted{}).Run(ctx, command)
	if naps, _ := b.napping(4713); err == nil || listing(t, b.root) != before || len(naps) > 0 {
		t.Errorf("got %v, running %v", err, naps)
	}
}

func TestNoNetworkIsRefusedBeforeAnythingStarts(t *testing.T) {
	b := newBed(t)
	command := b.command("true")
	command.Network = NoNetwork
	if _, err := b.run(rooted{noNetwork: os.ErrPermission}, command); err != os.ErrPermission {
		t.Errorf("got %v", err)
	}
	text := b.works(rooted{noNetwork: tryEmptyNetwork()}, func() Command { c := b.act("network"); c.Network = NoNetwork; return c }())
	if text != "lo up\n" {
		t.Errorf("got %q", text)
	}
}
