package recipe

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.podman.io/storage/types"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/store"
)

// asMaker makes the test program print the digests of all sample recipes, instead of testing: with a driver, on the rung of
// asMakerMode, and with asMakerLarge also large ones.
const (
	asMaker      = "SLIPWAY_TEST_MAKE_SAMPLES"
	asMakerMode  = "SLIPWAY_TEST_MODE"
	asMakerLarge = "SLIPWAY_TEST_LARGE"
)

// sample is a recipe that must give the same layer everywhere.
type sample struct {
	name string
	// before are the steps of a layer below, if there is one.
	before, steps []Step
	// devices says that only who may make devices can run it.
	devices bool
}

// isLarge says that it takes as long as all others together.
func (sample sample) isLarge() bool { return strings.Contains(sample.name, "100,000") }

func act(words ...string) Run {
	return Run{Command: append([]string{"/bin/scribe"}, words...), Env: []string{"PATH=/bin"}, Network: isolation.HostNetwork}
}

func samples(t testing.TB) []sample {
	plain := func(headers []tar.Header, contents ...string) Step {
		return Extract{Open: tarOf(t, headers, contents...)}
	}
	directory := func(name string, mode int64) tar.Header {
		return tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode}
	}
	with := func(header tar.Header, records map[string]string) tar.Header {
		header.PAXRecords = records
		return header
	}
	tree := shell("mkdir -p /d/sub/deep; for i in a b c; do echo $i > /d/$i; echo $i > /d/sub/$i; done; ln -s a /d/link; echo z > /d/sub/deep/z")
	capability := map[string]string{"SCHILY.xattr.security.capability": "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"}
	return append([]sample{
		{name: "files and directories", steps: []Step{tree}},
		{name: "extracted files", steps: []Step{plain([]tar.Header{directory("x", 0o755), file("x/a"), file("x/b")}, "1", "2")}},
		{name: "extracted unsorted", steps: []Step{plain([]tar.Header{file("z"), file("y/b"), file("a")}, "1", "2", "3")}},
		{name: "extracted sorted", steps: []Step{Extract{Sorted: true, Open: tarOf(t, []tar.Header{file("a"), file("b/c"), file("b-d")}, "1", "2", "3")}}},
		{name: "hard links", steps: []Step{shell("mkdir /h; echo x > /h/b; ln /h/b /h/a; ln /h/b /h/c; ln /h/b /b")}},
		{name: "a hard link to a file below", before: []Step{tree}, steps: []Step{shell("ln /d/a /d/a2")}},
		{name: "extracted hard links", steps: []Step{plain([]tar.Header{file("b"), {Typeflag: tar.TypeLink, Name: "a", Linkname: "b"}}, "x")}},
		{name: "symbolic links", steps: []Step{shell("ln -s /etc/passwd /abs; ln -s ../../x /up; ln -s nowhere /broken; ln -s . /self")}},
		{name: "sparse files", steps: []Step{act("sparse", "/sparse", "50000000"), act("sparse", "/tail", "1048577")}},
		{name: "empty files", steps: []Step{shell(": > /empty; truncate -s 1000000 /zeros")}},
		{name: "attributes", steps: []Step{shell("echo x > /f"), act("attribute", "/f", "user.a", "1"), act("attribute", "/f", "user.b", "")}},
		{name: "extracted attributes", steps: []Step{plain([]tar.Header{with(file("f"), map[string]string{"SCHILY.xattr.user.a": "1", "LIBARCHIVE.x": "y"})}, "1")}},
		{name: "capabilities", steps: []Step{shell("cp /bin/true /capable"), act("capability", "/capable")}},
		{name: "extracted capabilities", steps: []Step{plain([]tar.Header{with(file("f"), capability)}, "1")}},
		{name: "owners and modes", steps: []Step{shell("mkdir -m 1777 /t; echo x > /t/f; chown 1000:50 /t/f; chmod 6755 /t/f; mkdir -m 700 /p; chown 33:33 /p")}},
		{name: "extracted owners", steps: []Step{plain([]tar.Header{{Typeflag: tar.TypeReg, Name: "f", Mode: 0o6711, Uid: 65534, Gid: 1}}, "1")}},
		{name: "pipes", steps: []Step{shell("mkfifo /pipe; chmod 600 /pipe")}},
		{name: "sockets are left out", steps: []Step{act("socket", "/socket"), shell("echo x > /beside")}},
		{name: "devices", devices: true, steps: []Step{shell("mknod /null c 1 3; mknod /disk b 7 0; chmod 666 /null")}},
		{name: "extracted devices", steps: []Step{plain([]tar.Header{{Typeflag: tar.TypeChar, Name: "null", Mode: 0o666, Devmajor: 1, Devminor: 3}, file("x")}, "1")}},
		{name: "odd names", steps: []Step{shell("mkdir /odd"), act("names", "/odd")}},
		{name: "long names", steps: []Step{act("deep", "/deep", "34")}},
		{name: "a removed file", before: []Step{tree}, steps: []Step{shell("rm /d/a")}},
		{name: "a removed directory", before: []Step{tree}, steps: []Step{shell("rm -r /d/sub")}},
		{name: "removed paths", before: []Step{tree}, steps: []Step{Remove{Paths: []string{"/d/a", "/d/sub", "/not-there"}}}},
		{name: "a directory made anew", before: []Step{tree}, steps: []Step{shell("rm -r /d; mkdir /d; echo b > /d/b; echo new > /d/new")}},
		{name: "nested directories made anew", before: []Step{tree}, steps: []Step{shell("rm -r /d; mkdir -p /d/sub/deep; echo q > /d/sub/deep/q")}},
		{name: "a file in place of a directory", before: []Step{tree}, steps: []Step{shell("rm -r /d/sub; echo x > /d/sub")}},
		{name: "a directory in place of a file", before: []Step{tree}, steps: []Step{shell("rm /d/a; mkdir /d/a; echo x > /d/a/x")}},
		{name: "a link in place of a directory", before: []Step{tree}, steps: []Step{shell("mv /d/sub /s; ln -s /s /d/sub")}},
		{name: "whiteouts in a stream", before: []Step{tree}, steps: []Step{plain([]tar.Header{file("d/.wh.a"), file("d/sub/.wh..wh..opq"), file("d/sub/n")}, "", "", "n")}},
		{name: "changed modes and owners alone", before: []Step{tree}, steps: []Step{shell("chmod 600 /d/a; chown 5:6 /d/sub; touch /x; rm /x")}},
		{name: "same length and time, other content", before: []Step{tree}, steps: []Step{act("same", "/d/a", "Z\n"), act("open", "/d/b")}},
		{name: "dates", before: []Step{tree}, steps: []Step{act("date", "/d/a", "86400"), act("date", "/d/sub", "86400"), act("date", "/d/b", "4102444800")}},
		{name: "renames", before: []Step{tree}, steps: []Step{shell("mv /d/a /d/renamed; mv /d/sub /d/moved")}},
		{name: "steps of all kinds", before: []Step{tree}, steps: []Step{
			Remove{Paths: []string{"/d/c"}}, shell("echo run > /d/run"),
			plain([]tar.Header{file("d/run2"), {Typeflag: tar.TypeSymlink, Name: "bin/more", Linkname: "busybox"}}, "x"), shell("cat /d/run2 > /d/run3")}},
		{name: "copied from another image", steps: []Step{Copy{From: TreeSource{}, Patterns: []string{"/bin"}, To: "/copied/", Chown: "7:8"}}},
		{name: "100,000 files", steps: []Step{act("many", "/many", "100000")}},
		{name: "some of 100,000 files", before: []Step{act("many", "/many", "2000")}, steps: []Step{shell("rm -r /many/1; echo x > /many/0/5")}},
	}, stageSamples(t)...)
}

// withScribe is an image of busybox and the scribe.
func withScribe(t testing.TB, w *Workshop, scribe string) (Image, error) {
	program, err := os.ReadFile(scribe)
	if err != nil {
		return Image{}, err
	}
	return w.Make(t.Context(), Recipe{Base: busybox(t, w), Epoch: testEpoch, Steps: []Step{
		Extract{Open: tarOf(t, []tar.Header{{Typeflag: tar.TypeReg, Name: "bin/scribe", Mode: 0o755}}, string(program))},
	}}, &heard{})
}

// makeSamples makes all samples in a store and tells their digests by name.
func makeSamples(t testing.TB, w *Workshop, scribe string) map[string]string {
	base, err := withScribe(t, w, scribe)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{"(base)": fmt.Sprint(base.DiffIDs)}
	for _, sample := range samples(t) {
		if sample.isLarge() && os.Getenv(asMakerLarge) != "true" {
			continue
		}
		made[sample.name] = makeSample(t.Context(), w, base, sample)
	}
	return made
}

func makeSample(ctx context.Context, w *Workshop, base Image, sample sample) string {
	made, err := sample.make(ctx, w, base, testEpoch)
	if err != nil {
		return err.Error()
	}
	return made.DiffIDs[len(made.DiffIDs)-1].String()
}

// make makes a sample, with what it has below, over a base.
func (sample sample) make(ctx context.Context, w *Workshop, base Image, epoch time.Time) (Image, error) {
	h := &heard{}
	if sample.before != nil {
		var err error
		if base, err = w.Make(ctx, Recipe{Base: base, Epoch: epoch, Steps: sample.before}, h); err != nil {
			return base, fmt.Errorf("before: %w %q", err, h.lines)
		}
	}
	sample.from(base)
	made, err := w.Make(ctx, Recipe{Base: base, Epoch: epoch, Steps: sample.steps}, h)
	if err != nil {
		return made, fmt.Errorf("%w %q", err, h.lines)
	}
	return made, nil
}

func TestALayerThatIsDatedAnewIsTheOneThatACleanBuildMakes(t *testing.T) {
	w := workshop(t, "overlay")
	base, err := withScribe(t, w, buildScribe(t))
	if err != nil {
		t.Fatal(err)
	}
	// Nothing that is there already is as old as one of the epochs by chance.
	early, late := testEpoch.Add(10*time.Hour), testEpoch.Add(1000*time.Hour)
	for _, sample := range samples(t) {
		if sample.isLarge() {
			continue
		}
		for _, epochs := range [][2]time.Time{{early, late}, {late, early}} {
			first, err := sample.make(t.Context(), w, base, epochs[0])
			if err != nil {
				t.Fatalf("%s: %v", sample.name, err)
			}
			clean, err := sample.make(t.Context(), w, base, epochs[1])
			if err != nil {
				t.Fatalf("%s: %v", sample.name, err)
			}
			below := clean
			below.DiffIDs = below.DiffIDs[:len(below.DiffIDs)-1]
			top, err := w.Store.Layer(clean.Layer)
			if err != nil {
				t.Fatal(err)
			}
			below.Layer = top.Parent
			again, err := w.Redate(t.Context(), Redating{Base: below, Layer: first.Layer, From: epochs[0], To: epochs[1]})
			if err != nil {
				t.Fatalf("%s: %v", sample.name, err)
			}
			if !slices.Equal(again.DiffIDs, clean.DiffIDs) {
				t.Errorf("%s, %v: %v, wanted %v", sample.name, epochs, again.DiffIDs, clean.DiffIDs)
			}
		}
	}
}

func TestDatingALayerAnewCanBeCancelled(t *testing.T) {
	for _, driver := range []string{"overlay", "plain", "vfs"} {
		t.Run(driver, func(t *testing.T) {
			w := workshop(t, driver)
			below, err := w.Make(t.Context(), Recipe{Steps: []Step{onlyFile(t, "below")}, Epoch: testEpoch}, &heard{})
			if err != nil {
				t.Fatal(err)
			}
			first, err := w.Make(t.Context(), Recipe{Base: below, Steps: []Step{onlyFile(t, "above")}, Epoch: testEpoch}, &heard{})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			// A store that stays locked could not even be closed.
			guard := time.AfterFunc(20*time.Second, func() { panic("it does not end") })
			defer guard.Stop()
			again := Redating{Base: below, Layer: first.Layer, From: testEpoch, To: testEpoch.Add(time.Hour)}
			if _, err := w.Redate(ctx, again); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			if dated, err := w.Redate(t.Context(), again); err != nil || dated.Layer == first.Layer {
				t.Errorf("afterwards: %v, %v", dated.Layer, err)
			}
			if left, err := filepath.Glob(filepath.Join(w.Store.GraphRoot(), "*", "staging", "*")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

func onlyFile(t *testing.T, name string) Step {
	return Extract{Open: tarOf(t, []tar.Header{{Name: name, Mode: 0o644, ModTime: testEpoch}}, name)}
}

// printSamples is what the test program does as a maker: in the namespace of whoever it is, with a driver.
func printSamples(driver string) int {
	ground := store.EnterNamespace()
	status := 1
	testing.Benchmark(func(b *testing.B) {
		if b.N > 1 {
			b.SkipNow()
		}
		w := workshopIn(b, os.Getenv("SLIPWAY_TEST_HOME"), driver)
		choice, err := isolation.Choose(b.Context(), isolation.Request{Mode: os.Getenv(asMakerMode), Ground: ground})
		if err != nil {
			b.Fatal(err)
		}
		w.Isolation = choice
		text, _ := json.Marshal(makeSamples(b, w, os.Getenv("SLIPWAY_TEST_SCRIBE")))
		fmt.Println(string(text))
		status = 0
	})
	return status
}

// sampleUser is an ordinary user, made for these tests, with subordinate ids or without.
func sampleUser(t *testing.T, name string, options ...string) *user.User {
	t.Helper()
	// Of a run that was killed.
	_ = exec.Command("userdel", "--remove", name).Run()
	if out, err := exec.Command("useradd", append(options, "--create-home", "--system", name)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() {
		_ = exec.Command("pkill", "-KILL", "-u", name).Run()
		if out, err := exec.Command("userdel", "--remove", name).CombinedOutput(); err != nil {
			t.Logf("userdel: %v: %s", err, out)
		}
	})
	found, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// rung is where samples are made; large says, also those that take long.
type rung struct {
	driver, user, mode string
	large              bool
}

func TestLayersAreEqualOnEveryRungWithEveryDriver(t *testing.T) {
	scribe := buildScribe(t)
	many, one := sampleUser(t, "slipway-layers", "--add-subids-for-system").Username, sampleUser(t, "slipway-single").Username
	reference := map[string]string{}
	for _, at := range []rung{
		{driver: "overlay", mode: "native-chroot", large: true}, {driver: "fuse-overlayfs", mode: "native-chroot"},
		{driver: "vfs", mode: "native-chroot"}, {driver: "plain", mode: "native-chroot"},
		{driver: "overlay", mode: "native-rootless"}, {driver: "plain", mode: "plain-chroot", large: true}, {driver: "vfs", mode: "plain-chroot"},
		{driver: "overlay", user: many, mode: "native-chroot"}, {driver: "fuse-overlayfs", user: many, mode: "native-chroot"},
		{driver: "vfs", user: many, mode: "native-chroot"}, {driver: "plain", user: many, mode: "native-chroot"},
		{driver: "overlay", user: many, mode: "native-rootless"}, {driver: "plain", user: one, mode: "native-chroot", large: true},
	} {
		made := runMaker(t, scribe, at)
		if len(made) < 31 {
			t.Fatalf("%v: %d samples: %v", at, len(made), made)
		}
		for _, sample := range samples(t) {
			got, tried := made[sample.name]
			if !tried && !at.large && sample.isLarge() {
				continue
			}
			if reference[sample.name] == "" {
				reference[sample.name] = got
			}
			refused := sample.devices && at.user == many
			if !refused && (got != reference[sample.name] || !strings.HasPrefix(got, "sha256:")) {
				t.Errorf("%s at %+v: %s, wanted %s", sample.name, at, got, reference[sample.name])
			}
		}
	}
}

// runMaker runs the test program as a maker: as root or a user, with /dev/fuse open to all in a mount namespace of its own.
func runMaker(t *testing.T, scribe string, at rung) map[string]string {
	t.Helper()
	home, err := os.MkdirTemp("", "maker-")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(home, "maker")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := `set -e
mknod "$1/fuse" c 10 229; chmod 666 "$1/fuse"; mount --bind "$1/fuse" /dev/fuse
mkdir "$1/home"; cp "$2" "$3"; chmod 755 "$1" "$3"
export ` + asMaker + `="$4" ` + asMakerMode + `="$7" ` + asMakerLarge + `="$8" SLIPWAY_TEST_HOME="$1/home" SLIPWAY_TEST_SCRIBE="$6" HOME="$1/home" XDG_RUNTIME_DIR="$1/home"
if [ -z "$5" ]; then exec "$3"; fi
chown "$5" "$1/home"; export USER="$5"
exec setpriv --reuid="$5" --regid="$5" --init-groups "$3"`
	command := exec.Command("unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", home, self, program, at.driver, at.user, scribe, at.mode, strconv.FormatBool(at.large))
	var errs strings.Builder
	command.Stderr = &errs
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%+v: %v\n%s", at, err, errs.String())
	}
	made := map[string]string{}
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatalf("%+v: %v\n%s\n%s", at, err, out, errs.String())
	}
	return made
}

// workshopIn is a workshop whose store lies in a directory.
func workshopIn(t testing.TB, home, driver string) *Workshop {
	t.Helper()
	layer.RegisterDriver()
	opened, err := store.OpenAt(types.StoreOptions{GraphRoot: home + "/graph", RunRoot: home + "/run"}, store.Wish{Asked: driver, Unmounted: driver == "plain"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
		// The library unmounts what other engines on the store have mounted, too: an engine never calls it. Here it takes
		// mounts out of the way of the directory's removal.
		if os.Getenv(asCrowd) != "" {
			return
		}
		if _, err := opened.Shutdown(true); err != nil {
			t.Error(err)
		}
	})
	blobs, err := layer.NewBlobs(opened.GraphRoot(), opened.Owner(), layer.Compression{Algorithm: "gzip", Level: 2}, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	choice, err := isolation.Choose(t.Context(), isolation.Request{Mode: "native-chroot"})
	if err != nil {
		t.Fatal(err)
	}
	return &Workshop{Store: opened, Isolation: choice, Directory: home,
		Layers: &layer.Committer{Store: opened, Blobs: blobs, Directory: opened.Scratch()}}
}
