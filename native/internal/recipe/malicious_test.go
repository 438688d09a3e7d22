package recipe

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.podman.io/storage"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/layer"
)

// escaped is a name that no archive may make anywhere but in the image.
const escaped = "slipway-escaped"

// arena is a store with things beside it that must stay as they are.
type arena struct {
	*Workshop
	home, canary string
	before       string
	base         Image
}

// newArena makes the store, the canary, and a base image that has links which lead to the canary.
func newArena(t *testing.T, driver string) *arena {
	t.Helper()
	home := t.TempDir()
	a := &arena{home: home, canary: filepath.Join(home, "canary")}
	for name, text := range map[string]string{"secret": "secret", "deep/er/file": "kept", "d/a": "outside"} {
		at := filepath.Join(a.canary, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(text), 0o640)); err != nil {
			t.Fatal(err)
		}
	}
	a.Workshop = workshopIn(t, home, driver)
	a.before = a.around(t)
	var err error
	a.base, err = a.Make(t.Context(), Recipe{Epoch: testEpoch, Steps: []Step{Extract{Open: opening(rawTar(
		rawDirectory("d"), rawFile("d/a", "below"), rawDirectory("d/sub"), rawFile("d/sub/x", "below"), rawFile("etc/passwd", "root:x:0:0::/:/bin/sh\n"),
		rawLink("leads-out", a.canary), rawLink("leads-up", strings.Repeat("../", 30)+strings.TrimPrefix(a.canary, "/")), rawLink("to-d", "d"),
	))}}}, &heard{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// around describes everything beside the store.
func (a *arena) around(t *testing.T) string {
	t.Helper()
	return snapshot(t, a.home, filepath.Join(a.home, "graph"), filepath.Join(a.home, "run"))
}

// snapshot describes all files of a directory but those below some: names, modes, owners, times, contents.
func snapshot(t *testing.T, home string, but ...string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(home, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if slices.Contains(but, at) {
			return fs.SkipDir
		}
		var status unix.Stat_t
		if err := unix.Lstat(at, &status); err != nil {
			return err
		}
		line := fmt.Sprint(at, status.Mode, status.Uid, status.Gid, status.Nlink)
		if at != home {
			line += fmt.Sprint(status.Mtim, status.Ctim)
		}
		if entry.Type().IsRegular() {
			text, err := os.ReadFile(at)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %q", text)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// assertIntact looks at everything around the store and at what may be left in it.
func (a *arena) assertIntact(t *testing.T) {
	t.Helper()
	if now := a.around(t); now != a.before {
		t.Errorf("beside the store it was\n%s\nand is\n%s", a.before, now)
	}
	for _, directory := range []string{"/", "/etc", "/tmp", filepath.Dir(a.home), a.Store.GraphRoot(), a.Store.Scratch()} {
		if _, err := os.Lstat(filepath.Join(directory, escaped)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s holds %s: %v", directory, escaped, err)
		}
	}
	a.assertTidy(t)
}

func (a *arena) assertTidy(t *testing.T) {
	t.Helper()
	assertNothingLeft(t, a.Workshop)
	blobs, err := os.ReadDir(filepath.Join(a.Store.GraphRoot(), "slipway-blobs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, blob := range blobs {
		if strings.HasPrefix(blob.Name(), ".") {
			t.Errorf("the unfinished blob %s is left", blob.Name())
		}
	}
}

// tarOfLayer is the whole tar of a layer: the store may hang where one is closed that was not read to its end.
func tarOfLayer(t *testing.T, w *Workshop, image Image) io.Reader {
	t.Helper()
	plain, err := w.Store.Diff("", image.Layer, &storage.DiffOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(plain)
	if err := errors.Join(err, plain.Close()); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

// told lists what a layer's tar holds: `d/`, `f "text"`, `l -> target`, `h = first`, `-removed`, with mode, owner and time
// where they are not the usual ones.
func (a *arena) told(t *testing.T, image Image) []string {
	t.Helper()
	lines := []string{}
	for entries := tar.NewReader(tarOfLayer(t, a.Workshop, image)); ; {
		header, err := entries.Next()
		if err == io.EOF {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(io.LimitReader(entries, 20))
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, tell(header, string(text)))
	}
}

func tell(header *tar.Header, text string) string {
	if base := path.Base(header.Name); strings.HasPrefix(base, ".wh.") {
		return "-" + path.Join(path.Dir(header.Name), strings.TrimPrefix(base, ".wh."))
	}
	line, mode := header.Name, int64(0o644)
	switch header.Typeflag {
	case tar.TypeReg:
		line += fmt.Sprintf(" %q", text)
	case tar.TypeSymlink:
		line, mode = line+" -> "+header.Linkname, 0o777
	case tar.TypeLink:
		line, mode = line+" = "+header.Linkname, header.Mode
	case tar.TypeChar, tar.TypeBlock:
		line, mode = line+fmt.Sprintf(" %c %d,%d", header.Typeflag, header.Devmajor, header.Devminor), 0o600
	case tar.TypeDir:
		mode = 0o755
	default:
		line += fmt.Sprintf(" %c", header.Typeflag)
	}
	if header.Mode != mode {
		line += fmt.Sprintf(" %o", header.Mode)
	}
	if header.Uid != 0 || header.Gid != 0 {
		line += fmt.Sprintf(" %d:%d", header.Uid, header.Gid)
	}
	if !header.ModTime.Equal(testEpoch) {
		line += fmt.Sprint(" ", header.ModTime.Unix())
	}
	for _, record := range slices.Sorted(maps.Keys(header.PAXRecords)) {
		if name, is := strings.CutPrefix(record, "SCHILY.xattr."); is {
			line += fmt.Sprintf(" %s=%.10q", name, header.PAXRecords[record])
		}
	}
	return line
}

// assertAgrees holds what the tar of a layer says against what lies in the store.
func (a *arena) assertAgrees(t *testing.T, image Image) {
	t.Helper()
	tree, err := a.Tree(image)
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(tarOfLayer(t, a.Workshop, image)); ; {
		header, err := entries.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(header.Name, "/")
		if base := path.Base(name); strings.HasPrefix(base, ".wh.") {
			hidden := path.Join(path.Dir(name), strings.TrimPrefix(base, ".wh."))
			if _, found, err := layer.ResolveParent(tree, hidden); err != nil || found != nil {
				t.Errorf("%q is removed by the tar and is in the store (%v)", hidden, err)
			}
			continue
		}
		a.assertEntryAgrees(t, tree, name, header, entries)
	}
}

func (a *arena) assertEntryAgrees(t *testing.T, tree *layer.Tree, name string, header *tar.Header, content io.Reader) {
	t.Helper()
	canonical, found, err := layer.ResolveParent(tree, name)
	if err != nil || found == nil || canonical != name {
		t.Errorf("%.60q of the tar is in the store as %.60q (%v)", name, canonical, err)
		return
	}
	there, err := found.Describe(name)
	if err != nil {
		t.Fatal(err)
	}
	kind := header.Typeflag
	if kind == tar.TypeLink {
		kind, header.Linkname = there.Typeflag, there.Linkname
		header.Size = there.Size
	}
	want := fmt.Sprintf("%c %o %d:%d %d %d %q %d,%d", kind, header.Mode, header.Uid, header.Gid, header.ModTime.Unix(), header.Size, header.Linkname, header.Devmajor, header.Devminor)
	got := fmt.Sprintf("%c %o %d:%d %d %d %q %d,%d", there.Typeflag, there.Mode, there.Uid, there.Gid, there.ModTime.Unix(), there.Size, there.Linkname, there.Devmajor, there.Devminor)
	if want != got {
		t.Errorf("%.60q is %s in the tar and %s in the store", name, want, got)
	}
	if header.Typeflag != tar.TypeReg {
		return
	}
	stored, err := found.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer stored.Close()
	first, second := sha256.New(), sha256.New()
	_, err = io.Copy(first, content)
	_, other := io.Copy(second, stored)
	if err := errors.Join(err, other); err != nil || !slices.Equal(first.Sum(nil), second.Sum(nil)) {
		t.Errorf("%.60q has other content in the store than in the tar (%v)", name, err)
	}
}

// way is how an archive comes into an image.
type way struct {
	name string
	step func(a *arena, text []byte) Step
}

// ways are all of them. What comes with `context` in its name are files of a build context; the others are archives.
func ways(t *testing.T) []way {
	return []way{
		{"extracted", func(_ *arena, text []byte) Step { return Extract{Open: opening(text)} }},
		{"extracted as sorted", func(_ *arena, text []byte) Step { return Extract{Open: opening(text), Sorted: true} }},
		{"added", func(a *arena, text []byte) Step { return added(t, a, "layer.tar", text) }},
		{"added from the context", func(_ *arena, text []byte) Step {
			context := rawTar(rawFile("layer.tar", string(text)))
			return Copy{From: ContextSource{Open: opening(context)}, Patterns: []string{"layer.tar"}, To: "/", Unpack: true}
		}},
		{"context", func(_ *arena, text []byte) Step {
			return Copy{From: ContextSource{Open: opening(text)}, Patterns: []string{"."}, To: "/"}
		}},
		{"context by two names", func(_ *arena, text []byte) Step {
			return Copy{From: ContextSource{Open: opening(text)}, Patterns: []string{"[!.]*", "d*"}, To: "/"}
		}},
	}
}

// added is what ADD does with an archive that was downloaded.
func added(t *testing.T, a *arena, name string, text []byte) Step {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(at, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return Copy{From: FileSource{Name: name, Path: at}, Patterns: []string{name}, To: "/", Unpack: true}
}

// assertSentence holds an error against a pattern: one line, not too long, no stack.
func assertSentence(t *testing.T, err error, pattern string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, wanted %q", pattern)
		return
	}
	text := err.Error()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("%.300q is not as %q", text, pattern)
	}
	if strings.Contains(text, "\n") || len(text) > 700 || strings.Contains(text, "panic") || strings.Contains(text, "goroutine") {
		t.Errorf("no sentence: %.900q (%d bytes)", text, len(text))
	}
}

func TestNoArchiveLeadsOutOfTheImage(t *testing.T) {
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		a := newArena(t, driver)
		for _, attack := range attacks(a.canary) {
			for _, way := range ways(t) {
				t.Run(fmt.Sprintf("%s/%s/%s", driver, attack.name, way.name), func(t *testing.T) {
					a.try(t, attack, way)
				})
			}
		}
	}
}

// try lets an archive in by a way. What its files become is told for archives; files of a context follow the rules of COPY,
// so there only the safety counts.
func (a *arena) try(t *testing.T, attack attack, way way) {
	if attack.notAdded && strings.HasPrefix(way.name, "added") {
		return
	}
	layers := a.countLayers(t)
	made, err := a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: []Step{way.step(a, attack.archive)}}, &heard{})
	defer a.assertIntact(t)
	if err != nil && a.countLayers(t) != layers {
		t.Errorf("a layer is left after %v", err)
	}
	isContext := strings.HasPrefix(way.name, "context")
	switch {
	case isContext && attack.context != "":
		assertSentence(t, err, attack.context)
	case isContext && err != nil:
		assertSentence(t, err, "")
	case attack.fails != "":
		assertSentence(t, err, attack.fails)
	case err != nil:
		t.Errorf("%v", err)
	}
	if err != nil || made.Layer == a.base.Layer {
		if err == nil && len(attack.want) > 0 && !isContext {
			t.Errorf("nothing changed, wanted %q", attack.want)
		}
		return
	}
	a.assertAgrees(t, made)
	if got := a.told(t, made); !isContext && !slices.Equal(got, attack.want) {
		t.Errorf("the layer holds\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(attack.want, "\n"))
	}
}

func (a *arena) countLayers(t *testing.T) int {
	t.Helper()
	layers, err := a.Store.Layers()
	if err != nil {
		t.Fatal(err)
	}
	return len(layers)
}
