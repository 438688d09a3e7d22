package isolation

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/ledger"
)

const (
	// stepVariable tells this program how far it is on the way into a namespace of one id.
	stepVariable = "SLIPWAY_TEST_STEP"
	stepUser     = "user"
	stepInside   = "inside"
	// freeID belongs to nobody.
	freeID = 61234
)

// insideSingleID runs a test in a user namespace of one id that an ordinary user made: this process starts itself twice
// on the way there. It is true in the last one, where the test belongs.
func insideSingleID(t *testing.T) bool {
	t.Helper()
	step := os.Getenv(stepVariable)
	if step == stepInside {
		return true
	}
	again := exec.Command("/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), stepVariable+"="+stepInside)
	if step == "" {
		directory := place(t)
		if err := os.Chown(directory, freeID, freeID); err != nil {
			t.Fatal(err)
		}
		again.Env = append(os.Environ(), stepVariable+"="+stepUser, "TMPDIR="+directory, actorVariable+"="+buildActor(t, directory))
		again.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: freeID, Gid: freeID}}
	} else {
		again.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
	}
	text, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, text)
	}
	return false
}

func newSingleIDBed(t *testing.T) (*bed, rooted) {
	b := newBed(t)
	return b, rooted{mounted: true, single: true, noNetwork: tryEmptyNetwork()}
}

func TestSingleIDMountsWhatAContainerHas(t *testing.T) {
	if !insideSingleID(t) {
		return
	}
	b, runner := newSingleIDBed(t)
	source := filepath.Join(b.base, "source")
	b.must(os.Mkdir(source, 0o755))
	b.must(os.WriteFile(filepath.Join(source, "file"), []byte("old"), 0o644))
	b.must(os.Mkdir(filepath.Join(b.root, "data/inner"), 0o755))
	command := b.command(`hostname; id -u; test -d /proc/$$/fd && echo proc; echo x > /dev/null
		grep ' /dev/shm ' /proc/self/mounts | grep -o size=65536k
		cat /data/inner/file; echo x > /data/inner/file || true; echo x > /tmp/file; echo x >> /etc/hosts; touch /sys/x; ls /data`,
		specs.Mount{Type: "bind", Source: source, Destination: "/data/inner", Options: []string{"rbind", "nodev", "private", "ro"}},
		specs.Mount{Type: "tmpfs", Source: "tmpfs", Destination: "/data", Options: []string{"nosuid", "mode=755", "rw"}},
		specs.Mount{Type: "tmpfs", Source: "tmpfs", Destination: "/tmp", Options: []string{"nosuid", "nodev", "mode=1777", "size=4096", "rw"}},
		specs.Mount{Type: "bind", Source: filepath.Join(source, "file"), Destination: "/etc/hosts",
			Options: []string{"bind", "nodev", "noexec", "nosuid", "private", "rw", Movable}})
	text := b.works(runner, command)
	if text != "slipway\n0\nproc\nsize=65536k\noldinner\n" {
		t.Errorf("got %q", text)
	}
	if got := strings.Count(b.stderr.String(), "Read-only file system"); got != 2 {
		t.Errorf("refused %d times: %s", got, b.stderr.String())
	}
	if kept, _ := os.ReadFile(filepath.Join(source, "file")); string(kept) != "oldx\n" {
		t.Errorf("written: %q", kept)
	}
	if len(mountsIn(t, b.base)) > 0 {
		t.Error("mounts are left")
	}
}

func TestSingleIDFollowsOwners(t *testing.T) {
	if !insideSingleID(t) {
		return
	}
	b, runner := newSingleIDBed(t)
	command := b.command("")
	command.Ledger = filepath.Join(b.base, "ledger")
	b.must(os.WriteFile(filepath.Join(b.root, "tmp/owned"), nil, 0o644))
	text, err := b.run(runner, b.with(command, "chown 33:34 /tmp/owned; stat -c %u:%g /tmp/owned; mknod /tmp/node c 1 3; stat -c %t:%T /tmp/node"))
	if err != nil || text != "33:34\n1:3\n" {
		t.Fatalf("got %v, %q, %s", err, text, b.stderr.String())
	}
	owners, err := ledger.Load(command.Ledger)
	b.must(err)
	key, err := ledger.KeyOf(-100, filepath.Join(b.root, "tmp/owned"), 0)
	b.must(err)
	if owners[key].UID != 33 || owners[key].GID != 34 {
		t.Errorf("got %+v", owners)
	}
	if text, err = b.run(runner, b.with(command, "grep NoNewPrivs /proc/self/status")); err != nil || text != "NoNewPrivs:\t0\n" {
		t.Errorf("got %v, %q, %s", err, text, b.stderr.String())
	}
	again := b.with(command, "id -u; id -g; id -G; stat -c %u:%g /tmp/owned; touch /tmp/mine; stat -c %u:%g /tmp/mine")
	again.UID, again.GID, again.Groups = 1000, 1001, []uint32{1001, 50}
	if text, err = b.run(runner, again); err != nil || text != "1000\n1001\n1001 50\n33:34\n1000:1001\n" {
		t.Errorf("as a user: got %v, %q, %s", err, text, b.stderr.String())
	}
	again.Ledger = ""
	if _, err := b.run(runner, again); err == nil || !strings.Contains(err.Error(), "user 1000") {
		t.Errorf("without a ledger: got %v", err)
	}
}

func TestSingleIDEndsAllProcesses(t *testing.T) {
	if !insideSingleID(t) {
		return
	}
	b, runner := newSingleIDBed(t)
	command := b.command(daemons(b.nap(4721)))
	for _, path := range []string{"", filepath.Join(b.base, "ledger")} {
		command.Ledger = path
		b.works(runner, command)
		if found, _ := b.napping(4721); len(found) > 0 {
			t.Errorf("ledger %q: still there: %v", path, found)
		}
	}
	killedRunner(t, b, runner, b.with(command, threeNaps(b.nap(4722))), 4722)
}

func TestSingleIDGivesStatusLimitsCapabilitiesAndNetwork(t *testing.T) {
	if !insideSingleID(t) {
		return
	}
	b, runner := newSingleIDBed(t)
	for script, want := range map[string]int{"exit 9": 9, "kill -9 $$": 128 + int(syscall.SIGKILL)} {
		command := b.command(script)
		command.Ledger = filepath.Join(b.base, "ledger")
		if _, err := b.run(runner, command); exitOf(err) != want {
			t.Errorf("%s: got %v", script, err)
		}
	}
	missing := b.command("")
	missing.Args, missing.Ledger = []string{"nosuch"}, filepath.Join(b.base, "ledger")
	if _, err := b.run(runner, missing); exitOf(err) != 127 {
		t.Errorf("got %v, %s", err, b.stderr.String())
	}
	limited := b.command("ulimit -n")
	limited.Limits = []host.Limit{{Name: "nofile", Soft: 100, Hard: 200}}
	if text := b.works(runner, limited); text != "100\n" {
		t.Errorf("got %q", text)
	}
	present, err := host.Limits()
	b.must(err)
	limited.Limits = present
	b.works(runner, limited)
	limited.Limits = []host.Limit{{Name: "nofile", Soft: 1, Hard: 1 << 40}}
	if _, err := b.run(runner, limited); err == nil || !strings.Contains(err.Error(), "hard limit") {
		t.Errorf("a raised limit: got %v", err)
	}
	if text := b.works(runner, b.act("capabilities")); text != "00000000a80425fb 00000000a80425fb\n" {
		t.Errorf("got %q", text)
	}
	lonely := b.act("network")
	lonely.Network = NoNetwork
	if text := b.works(runner, lonely); text != "lo up\n" {
		t.Errorf("got %q", text)
	}
}

func TestCallsThatCouldNotBeFollowedAreCountedInOneLine(t *testing.T) {
	got := unfollowed(map[string]int{"mount": 3, "chroot": 1})
	if got != "slipway: 1 call of chroot, 3 calls of mount could not be followed in a namespace of one id" {
		t.Error(got)
	}
	if got := unfollowed(nil); got != "" {
		t.Error(got)
	}
}
