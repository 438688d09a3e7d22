package dockerfile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
)

// workplace is a maker, a shelf and a listener that only take notes.
type workplace struct {
	directory string
	// during is called while something is made.
	during func(ctx context.Context, made recipe.Recipe) error
	// idle says that a recipe changes nothing.
	idle func(made recipe.Recipe) bool

	mu    sync.Mutex
	count int
	made  []recipe.Recipe
	// redated counts layers that were dated anew.
	redated int
	// late is what is said of layers that are made.
	late   bool
	saved  []recipe.Image
	steps  []string
	lines  []string
	layers map[string]*storage.Layer
	sent   []layer.Made
	// bases are the images outside the file, and fetched those that were asked for.
	bases   map[string]recipe.Image
	fetched []string
}

func newWorkplace(t *testing.T) *workplace {
	t.Helper()
	return &workplace{directory: t.TempDir(), layers: map[string]*storage.Layer{}, bases: map[string]recipe.Image{}}
}

func (w *workplace) Make(ctx context.Context, made recipe.Recipe, progress recipe.Progress) (recipe.Image, error) {
	if w.during != nil {
		if err := w.during(ctx, made); err != nil {
			return recipe.Image{}, err
		}
	}
	progress.Log("output")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made = append(w.made, made)
	w.count++
	if w.idle != nil && w.idle(made) {
		return made.Base, nil
	}
	image := made.Base
	diffID := digest.FromString(fmt.Sprint(image.DiffIDs, w.count))
	image.Origins, image.Late = append(slices.Clone(image.FirstMade()), diffID), w.late
	image.Layer, image.DiffIDs = diffID.Encoded(), append(slices.Clone(image.DiffIDs), diffID)
	w.layers[image.Layer] = &storage.Layer{ID: image.Layer, Parent: made.Base.Layer, UncompressedDigest: diffID, UncompressedSize: 7}
	return image, nil
}

func (w *workplace) Redate(_ context.Context, again recipe.Redating) (recipe.Image, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.redated++
	image := again.Base
	diffID := digest.FromString(fmt.Sprint("dated", again.Origin, again.To.Unix()))
	image.Origins = append(slices.Clone(image.FirstMade()), again.Origin)
	image.Layer, image.DiffIDs = diffID.Encoded(), append(slices.Clone(image.DiffIDs), diffID)
	w.layers[image.Layer] = &storage.Layer{ID: image.Layer, Parent: again.Base.Layer, UncompressedDigest: diffID, UncompressedSize: 7}
	return image, nil
}

func (w *workplace) Save(image recipe.Image, _ time.Time) (*storage.Image, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.saved = append(w.saved, image)
	return &storage.Image{}, nil
}

func (w *workplace) GraphRoot() string { return w.directory }
func (w *workplace) Scratch() string   { return w.directory }

func (w *workplace) Layer(id string) (*storage.Layer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if found, present := w.layers[id]; present {
		return found, nil
	}
	return nil, storage.ErrLayerUnknown
}

func (w *workplace) Start(_ string, made layer.Made) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, made)
}

func (w *workplace) Log(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, line)
}

func (w *workplace) Usage(int, int) {}

func (w *workplace) Step(text string, number, total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.steps = append(w.steps, fmt.Sprintf("%d/%d %s", number, total, text))
}

// request is a build of a text for linux/amd64.
func (w *workplace) request(text string) Request {
	return Request{
		Text: text, Name: "Dockerfile", Platform: recipe.Platform{OS: "linux", Architecture: "amd64"}, Network: isolation.HostNetwork,
		Epoch: time.Unix(1700000000, 0).UTC(), ContextSocket: "/nowhere",
		ContextChecksums: []string{"sum-0", "sum-1", "sum-2", "sum-3"},
		Base: func(_ context.Context, reference, platform string) (recipe.Image, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.fetched = append(w.fetched, reference+" "+platform)
			if base, known := w.bases[reference]; known {
				return base, nil
			}
			return recipe.Image{}, fmt.Errorf("no image %s", reference)
		},
	}
}

func (w *workplace) builder() *Builder {
	return &Builder{Maker: w, Cache: NewInstructionCache(w), Uploads: w, Directory: w.directory}
}

// build builds a text.
func (w *workplace) build(t *testing.T, text string, args ...string) recipe.Image {
	t.Helper()
	request := w.request(text)
	for i := 0; i < len(args); i += 2 {
		request.BuildArgs = append(request.BuildArgs, protocol.Pair{Name: args[i], Value: args[i+1]})
	}
	image, err := w.builder().Build(t.Context(), request, w)
	if err != nil {
		t.Fatal(err)
	}
	return image
}
