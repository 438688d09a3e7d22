package dockerfile

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/recipe"
)

// ran builds a text and gives its only RUN as it was made.
func ran(t *testing.T, w *workplace, text string, args ...string) recipe.Run {
	t.Helper()
	w.build(t, text, args...)
	for _, made := range w.made {
		if run, is := made.Steps[0].(recipe.Run); is {
			return run
		}
	}
	t.Fatal("nothing was run")
	return recipe.Run{}
}

func TestHowCommandsAreWritten(t *testing.T) {
	for text, want := range map[string][]string{
		"RUN a \\\n  b":                          {"/bin/sh", "-c", "a   b"},
		`RUN ["a", "$x", "b c"]`:                 {"a", "$x", "b c"},
		"RUN echo $x":                            {"/bin/sh", "-c", "echo $x"},
		"SHELL [\"/bash\", \"-ec\"]\nRUN a":      {"/bash", "-ec", "a"},
		"RUN <<EOF\na\n  b\nEOF":                 {"/bin/sh", "-c", "a\n  b\n"},
		"RUN <<-EOF\n\ta\n\tb\nEOF":              {"/bin/sh", "-c", "a\nb\n"},
		"RUN cat <<A - <<B\none\nA\ntwo\nB":      {"/bin/sh", "-c", "cat <<A - <<B\none\nA\ntwo\nB"},
		"RUN <<EOF cat > /x\na\nEOF":             {"/bin/sh", "-c", "<<EOF cat > /x\na\nEOF"},
		"RUN <<'EOF'\n#!/usr/bin/env x\nhi\nEOF": {"/bin/sh", "-c", "/run/heredocs/EOF"},
	} {
		if got := ran(t, newWorkplace(t), "FROM scratch\n"+text+"\n").Command; !slices.Equal(got, want) {
			t.Errorf("%s: got %q", text, got)
		}
	}
}

func TestWhatCommandsSee(t *testing.T) {
	w := newWorkplace(t)
	w.bases["base"] = baseImage()
	run := ran(t, w, "FROM base\nARG Z=z\nARG A=arg\nARG NONE\nENV E=e\nWORKDIR d\nRUN --network=none x\n", "no_proxy", "here", "Z", "given")
	want := []string{"PATH=/own/bin", "A=base", "T=1", "E=e", "Z=given", "no_proxy=here"}
	if !slices.Equal(run.Env, want) || run.User != "1000" || run.Dir != "/base/d" || run.Network != isolation.NoNetwork {
		t.Errorf("got %+v", run)
	}
	run = ran(t, newWorkplace(t), "FROM scratch\nRUN x\n")
	if !slices.Equal(run.Env, []string{"PATH=" + defaultPath}) || run.Dir != "/" || run.Network != isolation.HostNetwork || run.User != "" {
		t.Errorf("got %+v", run)
	}
}

func TestAHereDocumentCanBeAProgram(t *testing.T) {
	w := newWorkplace(t)
	var script []byte
	w.during = func(_ context.Context, made recipe.Recipe) (err error) {
		mount := made.Steps[0].(recipe.Run).Mounts[0]
		script, err = os.ReadFile(mount.Source)
		return err
	}
	mount := ran(t, w, "FROM scratch\nRUN <<EOF\n#!/x\nbody\nEOF\n").Mounts[0]
	if string(script) != "#!/x\nbody\n" || mount.Target != "/run/heredocs/EOF" || !mount.ReadOnly {
		t.Errorf("script %q, mount %+v", script, mount)
	}
	if _, err := os.Stat(mount.Source); err == nil {
		t.Error("the script is still there")
	}
}

// serveContext answers each line with a tar of one file of its name, until the test ends.
func serveContext(t *testing.T, link string) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "context-")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(directory, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close(); os.RemoveAll(directory) })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(connection).ReadString('\n')
			var text bytes.Buffer
			archive := tar.NewWriter(&text)
			_ = archive.WriteHeader(&tar.Header{Name: "dir/file", Mode: 0o640, Size: int64(len(line))})
			fmt.Fprint(archive, line)
			_ = archive.WriteHeader(&tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: link})
			_ = archive.Close()
			_, _ = connection.Write(text.Bytes())
			connection.Close()
		}
	}()
	return filepath.Join(directory, "s")
}

func TestMountsOfTheContextAreItsNeeds(t *testing.T) {
	w := newWorkplace(t)
	var found []string
	w.during = func(_ context.Context, made recipe.Recipe) error {
		if run, is := made.Steps[0].(recipe.Run); is {
			for _, mount := range run.Mounts {
				text, err := os.ReadFile(filepath.Join(mount.Source, "file"))
				if err != nil {
					return err
				}
				found = append(found, string(text))
			}
		}
		return nil
	}
	request := w.request("FROM scratch\nCOPY a /a\nWORKDIR /w\nRUN --mount=target=m,source=dir --mount=target=/n,source=link,rw x\n")
	request.ContextSocket = serveContext(t, "/dir")
	if _, err := w.builder().Build(t.Context(), request, w); err != nil {
		t.Fatal(err)
	}
	mounts := w.made[2].Steps[0].(recipe.Run).Mounts
	if !slices.Equal(found, []string{"1\n", "2\n"}) || mounts[0].Target != "/w/m" || !mounts[0].ReadOnly || mounts[1].ReadOnly {
		t.Errorf("found %q, mounts %+v", found, mounts)
	}
}

func TestALinkOfTheContextLeadsNowhereElse(t *testing.T) {
	w := newWorkplace(t)
	request := w.request("FROM scratch\nRUN --mount=target=/n,source=link x\n")
	request.ContextSocket = serveContext(t, "/etc")
	if _, err := w.builder().Build(t.Context(), request, w); err == nil {
		t.Error("a directory of this machine was mounted")
	}
}
