package recipe

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.podman.io/buildah"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/isolation"
)

func TestMain(m *testing.M) {
	if os.Args[0] == host.NothingCommand {
		host.Nothing(os.Args[1:])
		return
	}
	isolation.Supervise(os.Args)
	if buildah.InitReexec() {
		return
	}
	if driver := os.Getenv(asMaker); driver != "" {
		os.Exit(printSamples(driver))
	}
	if home := os.Getenv(asCrowd); home != "" {
		os.Exit(crowdMember(home))
	}
	os.Exit(m.Run())
}

var testEpoch = time.Unix(1_700_000_000, 0)

// workshop opens a store of its own with a driver.
func workshop(t testing.TB, driver string) *Workshop {
	t.Helper()
	return workshopIn(t, t.TempDir(), driver)
}

// heard keeps what a recipe told.
type heard struct {
	lines []string
	// used counts reports of what commands used.
	used int
}

func (h *heard) Log(line string)       { h.lines = append(h.lines, line) }
func (h *heard) Step(string, int, int) {}
func (h *heard) Usage(int, int)        { h.used++ }

// tarOf is a stream of entries; content is given in their order for plain files.
func tarOf(t testing.TB, headers []tar.Header, contents ...string) func(context.Context) (io.ReadCloser, error) {
	t.Helper()
	open, err := archiveOf(headers, contents...)
	if err != nil {
		t.Fatal(err)
	}
	return open
}

func archiveOf(headers []tar.Header, contents ...string) (func(context.Context) (io.ReadCloser, error), error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, header := range headers {
		content := ""
		if header.Typeflag == tar.TypeReg {
			content, contents = contents[0], contents[1:]
			header.Size = int64(len(content))
		}
		if header.ModTime.IsZero() {
			header.ModTime = testEpoch.Add(-time.Hour)
		}
		if err := writer.WriteHeader(&header); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(writer, content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buffer.Bytes())), nil
	}, nil
}

func file(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644} }

// busybox is an image of one static program and its links.
func busybox(t testing.TB, w *Workshop) Image {
	t.Helper()
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	headers := []tar.Header{{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755}}
	for _, applet := range []string{"sh", "ls", "cat", "rm", "mkdir", "touch", "ln", "mv", "chmod", "chown", "mknod", "mkfifo",
		"dd", "sed", "seq", "true", "id", "rmdir", "cp", "find", "sleep", "stat", "truncate"} {
		headers = append(headers, tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + applet, Linkname: "busybox"})
	}
	image, err := w.Make(t.Context(), Recipe{Epoch: testEpoch, Steps: []Step{
		Extract{Open: tarOf(t, headers, string(program))},
	}}, &heard{})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func shell(script string) Run {
	return Run{Command: []string{"/bin/sh", "-ec", script}, Env: []string{"PATH=/bin"}, Network: isolation.HostNetwork}
}

// listing tells what a layer's tar holds, one line for each entry.
func listing(t *testing.T, w *Workshop, image Image) []string {
	t.Helper()
	plain, err := w.Store.Diff("", image.Layer, &storage.DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	var lines []string
	for entries := tar.NewReader(plain); ; {
		header, err := entries.Next()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%s %c %o %d:%d %d", header.Name, header.Typeflag, header.Mode, header.Uid, header.Gid, header.ModTime.Unix()-testEpoch.Unix())
		if header.Linkname != "" {
			line += " -> " + header.Linkname
		}
		lines = append(lines, line)
	}
}

func TestCommandsMakeALayerOfWhatTheyChange(t *testing.T) {
	digests := map[string]bool{}
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		w := workshop(t, driver)
		base := busybox(t, w)
		first, err := w.Make(t.Context(), Recipe{Base: base, Epoch: testEpoch, Steps: []Step{
			shell("mkdir -p /a/b /gone; echo x > /a/b/file; ln /a/b/file /a/link; echo y > /gone/y; id -u"),
		}}, &heard{})
		if err != nil {
			t.Fatal(err)
		}
		h := &heard{}
		second, err := w.Make(t.Context(), Recipe{Base: first, Epoch: testEpoch, Steps: []Step{
			shell("rm -r /gone; mkdir /gone; touch /tmp-file; rm /tmp-file; chmod 700 /a/b; cat /a/link"),
		}}, h)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(h.lines, []string{"x"}) || h.used != 1 {
			t.Errorf("lines %q, usage was told %d times", h.lines, h.used)
		}
		want := []string{"a/ 5 755 0:0 0", "a/b/ 5 755 0:0 0", "a/b/file 0 644 0:0 0", "a/link 1 644 0:0 0 -> a/b/file", "gone/ 5 755 0:0 0", "gone/y 0 644 0:0 0"}
		if got := listing(t, w, first); !slices.Equal(got, want) {
			t.Errorf("%s: first\n%s", driver, strings.Join(got, "\n"))
		}
		want = []string{"a/ 5 755 0:0 0", "a/b/ 5 700 0:0 0", "gone/ 5 755 0:0 0", "gone/.wh.y 0 0 0:0 " + fmt.Sprint(-62135596800-testEpoch.Unix())}
		if got := listing(t, w, second); len(got) != 4 || !slices.Equal(got[:3], want[:3]) {
			t.Errorf("%s: second\n%s", driver, strings.Join(got, "\n"))
		}
		unchanged, err := w.Make(t.Context(), Recipe{Base: second, Epoch: testEpoch, Steps: []Step{shell("true")}}, &heard{})
		if err != nil || unchanged.Layer != second.Layer {
			t.Errorf("%s: a command that changes nothing made a layer: %q %v", driver, listing(t, w, unchanged), err)
		}
		digests[fmt.Sprint(second.DiffIDs)] = true
	}
	if len(digests) != 1 {
		t.Errorf("drivers differ: %v", digests)
	}
}
