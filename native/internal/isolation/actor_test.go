package isolation

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// actorVariable names a program that plays parts, where one was built before.
const actorVariable = "SLIPWAY_TEST_ACTOR"

// buildActor builds the program into a directory, and gives its path.
func buildActor(t testing.TB, directory string) string {
	t.Helper()
	path := filepath.Join(directory, "actor")
	build := exec.Command("go", "build", "-o", path, "./testdata/actor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return path
}

// act puts a program into the image that plays a part there.
func (b *bed) act(part string, mounts ...specs.Mount) Command {
	b.t.Helper()
	actor := os.Getenv(actorVariable)
	if actor == "" {
		actor = buildActor(b.t, b.base)
	}
	at := filepath.Join(b.root, "bin/actor")
	b.must(os.RemoveAll(at))
	b.must(copyContent(actor, at))
	b.must(os.Chmod(at, 0o755))
	command := b.command("", mounts...)
	command.Args = []string{"actor", part}
	return command
}

// with is the same command with another script.
func (*bed) with(command Command, script string) Command {
	command.Args = []string{"sh", "-c", script}
	return command
}

// nap is a sleep of so many seconds, and a fraction that no other test has: its processes can be told from all others.
func (b *bed) nap(seconds int) string {
	base := filepath.Base(b.base)
	return fmt.Sprintf("sleep %d.%s", seconds, base[strings.LastIndexByte(base, '-')+1:])
}

// napping finds the processes of a nap, and the runners of this image's commands: their standard input is a file of it.
func (b *bed) napping(seconds int) (naps, runners []int) {
	words := strings.ReplaceAll(b.nap(seconds), " ", "\x00") + "\x00"
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		text, _ := os.ReadFile(path)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		input, _ := os.Readlink(filepath.Join(filepath.Dir(path), "fd/0"))
		switch {
		case string(text) == words:
			naps = append(naps, pid)
		case strings.HasPrefix(string(text), rootedRunner) && strings.HasPrefix(input, b.base+"/"):
			runners = append(runners, pid)
		}
	}
	return naps, runners
}

// daemons leaves three processes behind: one in another session, one without a parent, one in the background.
func daemons(nap string) string {
	return "setsid " + nap + " >/dev/null 2>&1 & (" + nap + " &) ; " + nap + " & true"
}

// threeNaps stays, with two others that left its process group.
func threeNaps(nap string) string { return "setsid " + nap + " & (setsid " + nap + " &); " + nap }

// killedRunner kills the runner of a command as soon as its processes, three, are there: none of them may be left.
func killedRunner(t *testing.T, b *bed, runner Runner, command Command, seconds int) {
	t.Helper()
	go func() {
		for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
			if naps, _ := b.napping(seconds); len(naps) == 3 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		_, runners := b.napping(seconds)
		for _, pid := range runners {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}()
	before := listing(t, b.root)
	_, err := b.run(runner, command)
	if naps, _ := b.napping(seconds); err == nil || len(naps) > 0 || listing(t, b.root) != before {
		t.Errorf("got %v, running %v", err, naps)
	}
}
