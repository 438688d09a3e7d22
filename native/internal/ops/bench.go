package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	digest "github.com/opencontainers/go-digest"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/store"
)

const benchUsage = `usage: slipway-engine bench commit DIRECTORY | runs IMAGE COUNT

For benchmarks. commit: fills the place where commands write from DIRECTORY, then times its commit. runs: times COUNT commands
"true" in one recipe over IMAGE. Both print one line of JSON: seconds, and the most memory of this process in MiB.
`

// measured is what a benchmark prints.
type measured struct {
	Seconds float64 `json:"seconds"`
	// CPU is user and system time of this process in seconds, all of it.
	CPU    float64 `json:"cpu"`
	RSS    int64   `json:"rss"`
	Image  string  `json:"image,omitempty"`
	DiffID string  `json:"diffId,omitempty"`
	Blob   string  `json:"blob,omitempty"`
}

// Bench is `slipway-engine bench`: it times parts of the engine alone, in the store that CONTAINERS_STORAGE_CONF names, and returns an exit status.
func Bench(args []string) int {
	store.EnterNamespace()
	run := func() (measured, error) { return measured{}, fmt.Errorf("%s", benchUsage) }
	switch {
	case len(args) == 2 && args[0] == "commit":
		run = func() (measured, error) { return benchCommit(args[1]) }
	case len(args) == 3 && args[0] == "runs":
		run = func() (measured, error) { return benchRuns(args[1], args[2]) }
	}
	result, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	result.RSS = usage.Maxrss >> 10
	result.CPU = float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
	text, _ := json.Marshal(result)
	fmt.Println(string(text))
	return 0
}

func benchWorkshop() (*recipe.Workshop, error) {
	opened, err := store.Open(store.Wish{})
	if err != nil {
		return nil, err
	}
	compression, err := layer.ParseCompression(os.Getenv("SLIPWAY_COMPRESSION"))
	if err != nil {
		return nil, err
	}
	workshop, err := furnish(opened, compression, 0)
	if err != nil {
		return nil, err
	}
	workshop.Isolation, err = isolation.Choose(context.Background(), isolation.Request{Mode: "native-chroot"})
	return workshop, err
}

func benchCommit(directory string) (measured, error) {
	w, err := benchWorkshop()
	if err != nil {
		return measured{}, err
	}
	defer w.Store.Close()
	work, err := w.Layers.Begin(context.Background(), "", w.Store.LayerName("bench"), time.Now())
	if err != nil {
		return measured{}, err
	}
	defer w.Layers.Discard(work)
	root, err := w.Store.Mount(work.ID, "")
	if err != nil {
		return measured{}, err
	}
	if err := exec.Command("cp", "-a", directory+"/.", filepath.Join(root, "data")).Run(); err != nil {
		return measured{}, fmt.Errorf("copying %s: %w", directory, err)
	}
	if _, err := w.Store.Unmount(work.ID, true); err != nil {
		return measured{}, err
	}
	syscall.Sync()
	begun := time.Now()
	made, _, err := w.Layers.Finish(context.Background(), work)
	if err != nil {
		return measured{}, err
	}
	image, err := w.Save(recipe.Image{Layer: made.ID, DiffIDs: []digest.Digest{made.DiffID}}, time.Now())
	if err != nil {
		return measured{}, err
	}
	seconds := time.Since(begun).Seconds()
	return measured{Seconds: seconds, Image: image.ID, DiffID: made.DiffID.String(), Blob: made.Blob.Digest.String()}, nil
}

func benchRuns(image, count string) (measured, error) {
	number, err := strconv.Atoi(count)
	if err != nil {
		return measured{}, err
	}
	w, err := benchWorkshop()
	if err != nil {
		return measured{}, err
	}
	defer w.Store.Close()
	found, err := w.Store.Find(image)
	if err != nil {
		return measured{}, err
	}
	base, err := w.Load(found)
	if err != nil {
		return measured{}, err
	}
	made := recipe.Recipe{Base: base, Epoch: time.Now()}
	for range number {
		made.Steps = append(made.Steps, recipe.Run{Command: []string{"true"}, Network: isolation.HostNetwork,
			Env: []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}})
	}
	begun := time.Now()
	_, err = w.Make(context.Background(), made, quiet{})
	return measured{Seconds: time.Since(begun).Seconds()}, err
}

// quiet hears nothing.
type quiet struct{}

func (quiet) Log(string)            {}
func (quiet) Step(string, int, int) {}
func (quiet) Usage(int, int)        {}
