package recipe

import (
	"archive/tar"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"slipway.dev/engine/internal/store"
)

// asCrowd makes the test program one of several engines on one store, instead of testing.
const asCrowd = "SLIPWAY_TEST_CROWD"

// crowdSize is how many recipes are made at once.
const crowdSize = 8

// crowd makes recipes that share parents, all at once, and says what is wrong with the images.
func crowd(ctx context.Context, w *Workshop, base Image, round int) []string {
	var mu sync.Mutex
	var wrong []string
	var all sync.WaitGroup
	for i := range crowdSize {
		all.Go(func() {
			if err := member(ctx, w, base, round, i); err != nil {
				mu.Lock()
				defer mu.Unlock()
				wrong = append(wrong, fmt.Sprintf("round %d, recipe %d: %v", round, i, err))
			}
		})
	}
	all.Wait()
	return wrong
}

// member makes three layers: one that all recipes of the round make, one that half of them make, one of its own.
func member(ctx context.Context, w *Workshop, base Image, round, i int) error {
	image, err := base, error(nil)
	for _, script := range []string{
		fmt.Sprintf("mkdir -p /shared; echo %d > /shared/round", round),
		fmt.Sprintf("echo %d > /shared/half; rm -f /own", i%2),
		fmt.Sprintf("echo %d > /own; seq 1 500 > /lines", i),
	} {
		h := &heard{}
		if image, err = w.Make(ctx, Recipe{Base: image, Epoch: testEpoch, Steps: []Step{shell(script)}}, h); err != nil {
			return fmt.Errorf("%s: %w %q", script, err, h.lines)
		}
	}
	saved, err := w.Save(image, testEpoch)
	if err != nil {
		return err
	}
	loaded, err := w.Load(saved)
	if err != nil {
		return err
	}
	tree, err := w.Tree(loaded)
	if err != nil {
		return err
	}
	for name, want := range map[string]string{"shared/round": strconv.Itoa(round), "shared/half": strconv.Itoa(i % 2), "own": strconv.Itoa(i)} {
		got, err := textOf(tree, name)
		if err != nil || strings.TrimSpace(got) != want {
			return fmt.Errorf("%s is %q, wanted %q: %w", name, got, want, err)
		}
	}
	return nil
}

// crowdRounds are few in the tests, as many as wanted in the soak.
func crowdRounds() int {
	if rounds, err := strconv.Atoi(os.Getenv("SOAK_ROUNDS")); err == nil && os.Getenv("SLIPWAY_SOAK") != "" {
		return rounds
	}
	return 3
}

func crowdBase(ctx context.Context, w *Workshop) (Image, error) {
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return Image{}, err
	}
	links := []tar.Header{{Typeflag: tar.TypeReg, Name: "bin/busybox", Mode: 0o755}}
	for _, applet := range []string{"sh", "mkdir", "rm", "seq"} {
		links = append(links, tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + applet, Linkname: "busybox"})
	}
	open, err := archiveOf(links, string(program))
	if err != nil {
		return Image{}, err
	}
	return w.Make(ctx, Recipe{Epoch: testEpoch, Steps: []Step{Extract{Open: open}}}, &heard{})
}

func TestSoakRecipesThatShareParentsAtOnceInOneEngine(t *testing.T) {
	w := workshop(t, "overlay")
	base, err := crowdBase(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	for round := range crowdRounds() {
		for _, wrong := range crowd(t.Context(), w, base, round) {
			t.Error(wrong)
		}
	}
	assertNothingLeft(t, w)
}

// assertNothingLeft looks for places where commands ran and for files of recipes.
func assertNothingLeft(t *testing.T, w *Workshop) {
	t.Helper()
	layers, err := w.Store.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range layers {
		if len(layer.Names) > 0 {
			t.Errorf("layer %s %v is left", layer.ID, layer.Names)
		}
	}
	for _, directory := range []string{w.Store.Scratch(), w.Store.GraphRoot() + "/overlay/staging"} {
		if entries, err := os.ReadDir(directory); err == nil && len(entries) > 0 {
			t.Errorf("%s holds %v", directory, entries)
		}
	}
}

// crowdMember is what the test program does as one of several engines.
func crowdMember(home string) int {
	store.EnterNamespace()
	status := 1
	testing.Benchmark(func(b *testing.B) {
		if b.N > 1 {
			b.SkipNow()
		}
		w := workshopIn(b, home, "overlay")
		base, err := crowdBase(b.Context(), w)
		if err != nil {
			fmt.Println("making the base:", err)
			return
		}
		status = 0
		for round := range crowdRounds() {
			for _, wrong := range crowd(b.Context(), w, base, round) {
				fmt.Println(wrong)
				status = 1
			}
		}
	})
	return status
}

func TestSoakFourEnginesOnOneStore(t *testing.T) {
	home, err := os.MkdirTemp("", "crowd-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan string)
	const engines = 4
	for range engines {
		go func() {
			command := exec.Command(self)
			command.Env = append(os.Environ(), asCrowd+"="+home)
			if out, err := command.CombinedOutput(); err != nil {
				results <- fmt.Sprintf("%v: %s", err, out)
				return
			}
			results <- ""
		}()
	}
	for range engines {
		if wrong := <-results; wrong != "" {
			t.Error(wrong)
		}
	}
}
