package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

// promptly is how soon a running step must have ended.
const promptly = 2 * time.Second

// begin starts a build whose step sleeps, in the foreground, the background and a session of its own, and waits until it
// runs. The mark is in the command lines of all its processes.
func begin(t *testing.T, e *engine) (mark string, ended <-chan error) {
	t.Helper()
	mark = fmt.Sprintf("98%d", time.Now().UnixNano()%1e9)
	text := base + fmt.Sprintf("RUN sleep %[1]s & (setsid sleep %[1]s >/dev/null 2>&1 &) ; echo running; sleep %[1]s\n", mark)
	build := dockerfile(t, e, text)
	done := make(chan error, 1)
	go func() {
		var built protocol.ImageBuilt
		done <- e.client.CallResult(context.Background(), "image.build", build, &built)
	}()
	e.waitFor("running")
	return mark, done
}

// containers lists what holds the names of build containers, and of places to run commands in, in the store of home.
func containers(t *testing.T, home string) []string {
	t.Helper()
	var found []string
	paths, err := filepath.Glob(filepath.Join(home, "graph", "*-containers", "*containers.json"))
	must(t, err)
	places, err := filepath.Glob(filepath.Join(home, "graph", "*-layers", "*layers.json"))
	must(t, err)
	for _, path := range append(paths, places...) {
		text, err := os.ReadFile(path)
		must(t, err)
		if strings.Contains(string(text), "werf.build.") {
			found = append(found, string(text))
		}
	}
	return found
}

func noMounts(t *testing.T, home string) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	must(t, err)
	if strings.Contains(string(mounts), home) {
		t.Errorf("something is mounted below %s:\n%s", home, mounts)
	}
}

func TestACancelledBuildLeavesNothing(t *testing.T) {
	home := t.TempDir()
	e := opened(t, home)
	mark, ended := begin(t, e)
	// The build is the engine's third request, after hello and store.open.
	must(t, e.client.Notify(t.Context(), "$/cancelRequest", map[string]int{"id": 3}))
	select {
	case err := <-ended:
		if got := failureOf(t, err); got.Code != "CANCELLED" {
			t.Errorf("got %+v", got)
		}
	case <-time.After(promptly):
		t.Fatal("the build goes on")
	}
	gone(t, mark, time.Second)
	noMounts(t, home)
	if left := containers(t, home); len(left) > 0 {
		t.Errorf("left in the store: %q", left)
	}
	call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"RUN echo next\n"))
}

func TestTheEndOfTheInputLeavesNothing(t *testing.T) {
	ends(t, func(e *engine) { e.stop() })
}

func TestATerminatedEngineLeavesNothing(t *testing.T) {
	ends(t, func(e *engine) { e.terminate(syscall.SIGTERM) })
}

func TestTheEndOfTheInputLeavesNothingOfARuntimesContainersEither(t *testing.T) {
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("no OCI runtime is installed")
	}
	endsIn(t, "native-rootless", func(e *engine) { e.stop() })
}

func ends(t *testing.T, end func(*engine)) { endsIn(t, "native-chroot", end) }

func endsIn(t *testing.T, mode string, end func(*engine)) {
	home := t.TempDir()
	e := openedIn(t, home, mode)
	mark, _ := begin(t, e)
	before := time.Now()
	end(e)
	if took := time.Since(before); took > promptly {
		t.Errorf("took %s", took)
	}
	gone(t, mark, time.Second)
	noMounts(t, home)
	if left := containers(t, home); len(left) > 0 {
		t.Errorf("left in the store: %q", left)
	}
}

func TestAKilledEngineLeavesNoProcessAndTheNextOneClearsTheStore(t *testing.T) {
	home := t.TempDir()
	e := opened(t, home)
	mark, _ := begin(t, e)
	e.terminate(syscall.SIGKILL)
	gone(t, mark, promptly)
	noMounts(t, home)
	if len(containers(t, home)) == 0 {
		t.Fatal("the killed engine left no container: nothing to clear")
	}
	next := opened(t, home)
	if left := containers(t, home); len(left) > 0 {
		t.Errorf("left in the store: %q", left)
	}
	call[protocol.ImageBuilt](next, "image.build", dockerfile(t, next, base+"RUN echo next\n"))
}

func TestWhatAStepLeavesInTheBackgroundEndsWithIt(t *testing.T) {
	e := opened(t, t.TempDir())
	mark := fmt.Sprintf("97%d", time.Now().UnixNano()%1e9)
	before := time.Now()
	call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"RUN sleep "+mark+" & echo started\n"))
	if took := time.Since(before); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	gone(t, mark, time.Second)
}
