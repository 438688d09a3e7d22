package wire

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

// asServer makes the test program a server with this patience, whose one call never lets go.
const asServer = "SLIPWAY_TEST_SERVES_WITH_PATIENCE"

func TestMain(m *testing.M) {
	if patience, err := time.ParseDuration(os.Getenv(asServer)); err == nil {
		os.Exit(serveStuck(patience))
	}
	os.Exit(m.Run())
}

func serveStuck(patience time.Duration) int {
	in, out, err := TakeStdio()
	if err != nil {
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	stuck := Handle(func(_ context.Context, _ protocol.FileQuestion, emit Emit) (protocol.FileText, error) {
		emit.Log("begun")
		waitForEver()
		return protocol.FileText{}, nil
	})
	if Serve(ctx, Handlers{"stick": stuck}, WatchEnding(ctx, in, patience), out) != nil {
		return 1
	}
	return 0
}

func waitForEver() { <-make(chan struct{}) }

func TestAProcessThatDoesNotComeToItsEndGivesUpAndTellsWhy(t *testing.T) {
	ends := map[string]func(*os.Process, *os.File){
		"the end of the input": func(_ *os.Process, input *os.File) { _ = input.Close() },
		"a signal":             func(process *os.Process, _ *os.File) { _ = process.Signal(syscall.SIGTERM) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			command, input, log := serverWith(t, "300ms")
			begin(t, command, input, `{"jsonrpc":"2.0","id":1,"method":"stick","params":{"path":"x","token":"t"}}`)
			end(command.Process, input)
			_ = command.Wait()
			if status := command.ProcessState.ExitCode(); status != StatusStuck {
				t.Errorf("ended with %s", command.ProcessState)
			}
			if !strings.Contains(log.String(), "waitForEver") {
				t.Errorf("said %q", log)
			}
		})
	}
}

func TestAProcessThatEndsByItselfSaysNothing(t *testing.T) {
	command, input, log := serverWith(t, "20s")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	_ = input.Close()
	if err := command.Wait(); err != nil || log.Len() > 0 {
		t.Errorf("%v: %q", err, log)
	}
}

// serverWith prepares a server that is spoken to by a pipe.
func serverWith(t *testing.T, patience string) (command *exec.Cmd, input *os.File, log *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = read.Close(), input.Close() })
	log = &bytes.Buffer{}
	command = exec.Command(program)
	command.Env = append(os.Environ(), asServer+"="+patience)
	command.Stdin, command.Stderr = read, log
	return command, input, log
}

// begin starts the server and a call, and waits until that has begun.
func begin(t *testing.T, command *exec.Cmd, input *os.File, call string) {
	t.Helper()
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(input, "Content-Length: %d\r\n\r\n%s", len(call), call); err != nil {
		t.Fatal(err)
	}
	heard := ""
	for piece := make([]byte, 1024); !strings.Contains(heard, "begun"); {
		count, err := output.Read(piece)
		heard += string(piece[:count])
		if err != nil {
			t.Fatalf("%v after %q", err, heard)
		}
	}
}
