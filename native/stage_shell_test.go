package main

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"slipway.dev/engine/internal/protocol"
)

// onTerminal listens as a user's terminal does that says nothing, and tells what was shown there.
func onTerminal(t *testing.T, e *engine, when protocol.StageShellWhen, script string) (shell protocol.StageShell, shown func() string) {
	t.Helper()
	path := filepath.Join(e.run, "terminal.sock")
	must(t, os.RemoveAll(path))
	listener, err := net.Listen("unix", path)
	must(t, err)
	must(t, os.Chmod(path, 0o666))
	t.Cleanup(func() { listener.Close() })
	text := make(chan string, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			text <- err.Error()
			return
		}
		defer connection.Close()
		all, _ := io.ReadAll(connection)
		text <- strings.ReplaceAll(string(all), "\r\n", "\n")
	}()
	return protocol.StageShell{When: when, Command: []string{"/bin/sh", "-c", script}, Socket: path, Columns: 90, Rows: 30, Term: "dumb"}, func() string { return <-text }
}

func TestAShellInThePlaceOfACommandSeesFilesAndMountsAndNothingIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, e *engine) {
		request := stage(shellBase(t, e))
		request.FilesSocket = sendFiles(t, e, []mapped{{name: "f", text: "of the mapping\n"}})
		request.Files = []protocol.StageFiles{{To: "/app", Removed: []string{}, HasFiles: true}}
		run := command("echo no > /no; exit 9")
		run.Files = []protocol.StageFile{{Target: "/.werf/data", Content: encoded("data\n")}}
		shell, shown := onTerminal(t, e, protocol.StageShellWhenOnly, "cat /app/f /.werf/data; echo $TERM; test -t 0 && test ! -e /no && echo on a terminal; exit 5")
		run.Shell = []protocol.StageShell{shell}
		request.Run = []protocol.StageRun{run}
		if facts := made(e, request); facts.Found {
			t.Errorf("an image was kept: %+v", facts)
		}
		if text, want := shown(), "of the mapping\ndata\ndumb\non a terminal\n"; text != want {
			t.Errorf("got %q", text)
		}
	})
}

func TestAShellAfterAFailureSeesWhatTheCommandLeft(t *testing.T) {
	everywhere(t, func(t *testing.T, e *engine) {
		request := stage(shellBase(t, e))
		run := command("echo left > /left; echo last; exit 9")
		run.Secrets = []protocol.BuildSecret{{Id: "s", Content: encoded("x")}}
		shell, shown := onTerminal(t, e, protocol.StageShellWhenFailed, "cat /left; test -f /run/secrets/s && echo secret")
		run.Shell = []protocol.StageShell{shell}
		request.Run = []protocol.StageRun{run}
		if got := failure(e, "stage.make", request); got.ExitCode != 9 || !slices.Equal(got.Tail, []string{"last"}) {
			t.Errorf("%+v", got)
		}
		if text, want := shown(), "left\nsecret\n"; text != want {
			t.Errorf("got %q", text)
		}
		run.Command = []string{"/bin/true"}
		request.Run = []protocol.StageRun{run}
		if facts := made(e, request); !facts.Found {
			t.Error("there is no image")
		}
	})
}
