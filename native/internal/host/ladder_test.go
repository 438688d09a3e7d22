package host

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// stranger is a uid without a line in /etc/passwd.
const stranger = 54321

// ranged are lines of subordinate ids of the stranger.
func ranged(t *testing.T, count string) map[string]string {
	t.Helper()
	return with(nameless(t, count), "/etc/passwd", file(t, "root:x:0:0::/:/bin/sh\nstranger:x:54321:54321::/:/bin/sh\n", 0o644))
}

// nameless are such lines where /etc/passwd does not know the stranger.
func nameless(t *testing.T, count string) map[string]string {
	t.Helper()
	lines := file(t, "other:1:5\n54321:200000:"+count+"\n", 0o644)
	return map[string]string{"/etc/subuid": lines, "/etc/subgid": lines}
}

// with adds binds.
func with(binds map[string]string, place, source string) map[string]string {
	binds[place] = source
	return binds
}

// capable puts copies of newuidmap and newgidmap in their places that have file capabilities and no setuid bit.
func capable(t *testing.T, binds map[string]string) map[string]string {
	t.Helper()
	for path, capability := range map[string]int{"/usr/bin/newuidmap": unix.CAP_SETUID, "/usr/bin/newgidmap": unix.CAP_SETGID} {
		text, err := os.ReadFile(path)
		must(t, err)
		binds[path] = file(t, string(text), 0o755)
		// Version 2, in effect at once; then what is permitted and what is inherited, twice.
		value := make([]byte, 20)
		binary.LittleEndian.PutUint32(value, 0x02000001)
		binary.LittleEndian.PutUint32(value[4:], 1<<capability)
		must(t, unix.Setxattr(binds[path], "security.capability", value, 0))
	}
	return binds
}

// dockers are the capabilities of root in a container that nobody configured.
func dockers(without ...int) []int {
	var kept []int
	for _, capability := range []int{unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FSETID, unix.CAP_FOWNER, unix.CAP_MKNOD,
		unix.CAP_NET_RAW, unix.CAP_SETGID, unix.CAP_SETUID, unix.CAP_SETFCAP, unix.CAP_SETPCAP, unix.CAP_NET_BIND_SERVICE,
		unix.CAP_SYS_CHROOT, unix.CAP_KILL, unix.CAP_AUDIT_WRITE} {
		keep := true
		for _, one := range without {
			keep = keep && one != capability
		}
		if keep {
			kept = append(kept, capability)
		}
	}
	return kept
}

var dockerRefuses = []string{"clone", "unshare", "mount"}

func TestTheHighestStandingThatWorksIsTaken(t *testing.T) {
	const powerless = "/usr/bin/newuidmap"
	copied, err := os.ReadFile(powerless)
	if err != nil {
		t.Fatalf("newuidmap must be installed: %v", err)
	}
	for name, c := range map[string]struct {
		stage    stage
		standing Standing
		// causes of the obstacles, in their order.
		causes string
	}{
		"root of a host":                  {stage{}, AsRoot, ""},
		"root without /proc":              {stage{Unmounted: []string{"/proc"}}, AsRoot, ""},
		"root of a container":             {stage{Keep: dockers()}, InNamespace, ""},
		"root under Docker's filter":      {stage{Keep: dockers(), Refused: dockerRefuses}, Plain, "seccomp capabilities"},
		"root under a killing filter":     {stage{Keep: dockers(), Refused: dockerRefuses, Kills: "process"}, Plain, "seccomp-kills capabilities"},
		"root that may not map":           {stage{Keep: dockers(unix.CAP_SETFCAP)}, Plain, "capabilities capabilities"},
		"root that may make no device":    {stage{Keep: dockers(unix.CAP_MKNOD), Refused: dockerRefuses}, Bare, "seccomp capabilities capabilities"},
		"root that may not chroot":        {stage{Keep: dockers(unix.CAP_SYS_CHROOT), Refused: dockerRefuses}, Bare, "seccomp capabilities capabilities"},
		"root with mounts refused":        {stage{Refused: []string{"mount"}}, Plain, "seccomp"},
		"root in a container, no /proc":   {stage{Keep: dockers(), Unmounted: []string{"/proc"}}, Bare, "no-proc capabilities"},
		"a user with ranges":              {stage{UID: stranger, Binds: ranged(t, "65536")}, InNamespace, ""},
		"a user without a name":           {stage{UID: stranger, Binds: nameless(t, "65536")}, SingleID, "no-name"},
		"a user with few ids":             {stage{UID: stranger, Binds: ranged(t, "1000")}, SingleID, "few-ids"},
		"a user without name and ranges":  {stage{UID: stranger}, SingleID, "no-name"},
		"newuidmap without its bit":       {stage{UID: stranger, Binds: with(ranged(t, "65536"), powerless, file(t, string(copied), 0o755))}, SingleID, "newuidmap-without-setuid"},
		"newuidmap is not there":          {stage{UID: stranger, Binds: with(ranged(t, "65536"), powerless, "/dev/null")}, SingleID, "newuidmap-missing"},
		"newuidmap in a container":        {stage{UID: stranger, Keep: dockers(), Binds: ranged(t, "65536")}, SingleID, "newuidmap-bounded"},
		"newuidmap with capabilities":     {stage{UID: stranger, Keep: dockers(), Binds: capable(t, ranged(t, "65536"))}, InNamespace, ""},
		"no new privileges":               {stage{UID: stranger, Binds: ranged(t, "65536"), NoNewPrivileges: true}, SingleID, "no-new-privileges"},
		"a user under Docker's filter":    {stage{UID: stranger, Refused: dockerRefuses}, Bare, "seccomp"},
		"a user under a killing filter":   {stage{UID: stranger, Refused: dockerRefuses, Kills: "process"}, Bare, "seccomp-kills"},
		"a filter that kills threads":     {stage{UID: stranger, Refused: []string{"clone"}, Kills: "thread"}, Bare, "seccomp-kills"},
		"a user with mounts refused":      {stage{UID: stranger, Refused: []string{"mount"}}, Bare, "seccomp no-name"},
		"a user whose mounts are killed":  {stage{UID: stranger, Refused: []string{"mount"}, Kills: "process"}, Bare, "seccomp-kills no-name"},
		"a user without /proc":            {stage{UID: stranger, Unmounted: []string{"/proc"}}, Bare, "no-proc"},
		"a user and namespaces off":       {stage{UID: stranger, Limit: "0"}, Bare, "max_user_namespaces no-name"},
		"root of a container, none left":  {stage{Keep: dockers(), Limit: "0"}, Bare, "max_user_namespaces capabilities unknown"},
		"a user in a chroot":              {stage{UID: stranger, Chroot: chroot(t)}, Bare, "chrooted newuidmap-missing"},
		"root of a container in a chroot": {stage{Keep: dockers(), Chroot: chroot(t)}, Plain, "chrooted capabilities"},
		"root of a host in a chroot":      {stage{Chroot: chroot(t)}, AsRoot, ""},
	} {
		t.Run(name, func(t *testing.T) {
			found := c.stage.stand(t)
			var causes []string
			for _, obstacle := range found.Ground.Obstacles {
				causes = append(causes, string(obstacle.Cause))
				if obstacle.Code == "" || obstacle.Message == "" || obstacle.Remedy == "" {
					t.Errorf("half an obstacle: %+v", obstacle)
				}
				t.Logf("%s: %s -> %s", obstacle.Code, obstacle.Message, obstacle.Remedy)
			}
			if found.Ground.Standing != c.standing || strings.Join(causes, " ") != c.causes {
				t.Errorf("got %s because of %q, wanted %s, %q", found.Ground.Standing, causes, c.standing, c.causes)
			}
		})
	}
}

// chroot is a directory with the test program and /proc, which is no mount itself.
func chroot(t *testing.T) string {
	t.Helper()
	directory := readable(t)
	own, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(filepath.Join(directory, "program"), own, 0o755))
	for _, below := range []string{"proc", "tmp", "etc"} {
		must(t, os.Mkdir(filepath.Join(directory, below), 0o755))
	}
	must(t, os.Chmod(filepath.Join(directory, "tmp"), 0o777|fs.ModeSticky))
	proc := filepath.Join(directory, "proc")
	must(t, unix.Mount("proc", proc, "proc", 0, ""))
	t.Cleanup(func() { must(t, unix.Unmount(proc, unix.MNT_DETACH)) })
	return directory
}

func TestANamespaceHasTheIDsOfItsMaker(t *testing.T) {
	for name, c := range map[string]struct {
		stage        stage
		ids, library string
	}{
		"ranges":  {stage{UID: stranger, Binds: ranged(t, "70000")}, "0 54321 1 1 200000 70000", "54321:54321"},
		"one id":  {stage{UID: stranger}, "0 54321 1", "54321:54321"},
		"of root": {stage{Keep: dockers()}, "0 0 4294967295", "0:0"},
	} {
		found := c.stage.stand(t)
		if found.UID != 0 || found.IDs != c.ids || found.Library != c.library {
			t.Errorf("%s: %+v", name, found)
		}
		if outside := found.Ground.Outside; outside == nil || outside.UID != c.stage.UID || outside.MaxNamespaces == "" {
			t.Errorf("%s: outside is %+v", name, outside)
		}
	}
}

func TestAProgramInANamespaceEndsAsItsChildDoes(t *testing.T) {
	err := stage{UID: stranger}.command(t, "7").Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v", err)
	}
}

func TestSignalsReachTheProgramAndItDiesWithWhoStartedIt(t *testing.T) {
	for _, sent := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		command := stage{UID: stranger}.command(t, "wait")
		output, err := command.StdoutPipe()
		must(t, err)
		must(t, command.Start())
		var found stood
		line, err := bufio.NewReader(output).ReadBytes('\n')
		must(t, err)
		must(t, json.Unmarshal(line, &found))
		if found.PID == command.Process.Pid || found.Ground.Standing != SingleID {
			t.Fatalf("%+v", found)
		}
		must(t, command.Process.Signal(sent))
		_ = command.Wait()
		if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); sent == syscall.SIGTERM && (!ok || status.ExitStatus() != 128+15) {
			t.Errorf("the status is %v", command.ProcessState)
		}
		gone := false
		for range 100 {
			if gone = errors.Is(unix.Kill(found.PID, 0), unix.ESRCH); gone {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !gone {
			t.Errorf("%v: the program still runs", sent)
		}
	}
}
