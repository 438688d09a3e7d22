package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"

	"slipway.dev/engine/internal/protocol"
)

// asEngine makes the test program the engine: what is tested is the real process.
const asEngine = "SLIPWAY_TEST_AS_ENGINE"

func TestMain(m *testing.M) {
	if takenOver() {
		return
	}
	if os.Getenv(asEngine) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// engine is a running engine and the conversation with it.
type engine struct {
	t       *testing.T
	command *exec.Cmd
	client  *jrpc2.Client
	stdin   interface{ Close() error }
	run     string

	mu       sync.Mutex
	progress []protocol.Progress
	heard    chan struct{}
}

// start starts an engine whose store, if it has one, lies in home.
func start(t *testing.T, home string, arguments ...string) *engine {
	t.Helper()
	program, err := os.Executable()
	must(t, err)
	e := &engine{t: t, run: runDirectory(t), heard: make(chan struct{}, 1)}
	e.command = exec.Command(program, append([]string{"serve"}, arguments...)...)
	e.command.Stderr = os.Stderr
	e.command.Env = append(os.Environ(), asEngine+"=1", "HOME="+home, "XDG_RUNTIME_DIR="+home, "XDG_DATA_HOME=",
		"CONTAINERS_STORAGE_CONF="+storageConf(t, home))
	stdin, err := e.command.StdinPipe()
	must(t, err)
	stdout, err := e.command.StdoutPipe()
	must(t, err)
	must(t, e.command.Start())
	e.stdin = stdin
	e.client = jrpc2.NewClient(channel.LSP(stdout, stdin), &jrpc2.ClientOptions{OnNotify: e.hear})
	t.Cleanup(func() { e.stop() })
	return e
}

// runDirectory has a short name: those of sockets are limited.
func runDirectory(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "run-")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(directory) })
	return directory
}

// storageConf keeps everything of a store in home.
func storageConf(t *testing.T, home string) string {
	t.Helper()
	path := filepath.Join(home, "storage.conf")
	text := "[storage]\ndriver = \"overlay\"\ngraphroot = \"" + home + "/graph\"\nrunroot = \"" + home + "/run\"\n"
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// opened starts an engine and opens its store, steps under chroot.
func opened(t *testing.T, home string) *engine {
	t.Helper()
	return openedIn(t, home, "native-chroot")
}

func openedIn(t *testing.T, home, mode string) *engine {
	t.Helper()
	e := start(t, home, "--store")
	must(t, e.greet(version, protocol.Version))
	call[protocol.StoreOpened](e, "store.open", protocol.StoreOpen{Mode: mode, Ulimits: []string{}})
	return e
}

func (e *engine) greet(version string, number int) error {
	settings := protocol.Settings{RunDirectory: e.run, RegistryMirrors: []string{}}
	_, err := e.client.Call(e.t.Context(), "hello", protocol.Hello{Protocol: number, Version: version, Settings: settings})
	return err
}

func (e *engine) hear(request *jrpc2.Request) {
	var progress protocol.Progress
	if request.UnmarshalParams(&progress) != nil {
		return
	}
	e.mu.Lock()
	e.progress = append(e.progress, progress)
	e.mu.Unlock()
	select {
	case e.heard <- struct{}{}:
	default:
	}
}

// texts lists what was heard of one kind.
func (e *engine) texts(kind protocol.ProgressKind) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var texts []string
	for _, progress := range e.progress {
		if progress.Kind == kind {
			texts = append(texts, progress.Text)
		}
	}
	return texts
}

// waitFor waits until a line was logged.
func (e *engine) waitFor(line string) {
	e.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		for _, text := range e.texts(protocol.ProgressKindLog) {
			if text == line {
				return
			}
		}
		select {
		case <-e.heard:
		case <-deadline:
			e.t.Fatalf("%q was not logged, but: %q", line, e.texts(protocol.ProgressKindLog))
		}
	}
}

// stop ends the engine as its caller does: by closing its input.
func (e *engine) stop() {
	if e.command.ProcessState == nil {
		e.stdin.Close()
		e.wait()
	}
}

// wait waits for the end of the process, and kills one that does not end.
func (e *engine) wait() {
	timer := time.AfterFunc(10*time.Second, func() { _ = e.command.Process.Kill() })
	defer timer.Stop()
	_ = e.command.Wait()
}

// call calls, and fails the test when the call fails.
func call[R any](e *engine, method string, params any) R {
	e.t.Helper()
	var result R
	if err := e.client.CallResult(context.Background(), method, params, &result); err != nil {
		e.t.Fatalf("%s: %v", method, err)
	}
	return result
}

// failure calls, and expects the call to fail.
func failure(e *engine, method string, params any) protocol.Failure {
	e.t.Helper()
	_, err := e.client.Call(context.Background(), method, params)
	return failureOf(e.t, err)
}

func failureOf(t *testing.T, err error) protocol.Failure {
	t.Helper()
	var answered *jrpc2.Error
	if !errors.As(err, &answered) {
		t.Fatalf("wanted a failure, got %v", err)
	}
	var data protocol.Failure
	must(t, json.Unmarshal(answered.Data, &data))
	return data
}

// processesNaming lists the processes whose command line holds the text.
func processesNaming(text string) []string {
	var found []string
	paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(line), text) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// gone waits a moment for processes to end.
func gone(t *testing.T, text string, within time.Duration) {
	t.Helper()
	deadline := time.Now().Add(within)
	for len(processesNaming(text)) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("still running after %s: %q", within, processesNaming(text))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// terminate asks the process to end by a signal.
func (e *engine) terminate(signal syscall.Signal) {
	must(e.t, e.command.Process.Signal(signal))
	e.wait()
}
