package dockerfile

import (
	"context"
	"time"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
)

// Request is one image to build of a Dockerfile.
type Request struct {
	Text, Name string
	// Target is the name or index of a stage; empty: the last one.
	Target    string
	BuildArgs []protocol.Pair
	Platform  recipe.Platform
	// ContextSocket gives the files of one need of the context to whoever connects and writes its number.
	ContextSocket string
	// ContextChecksums say what each need reads; an instruction whose checksum is not given is not remembered.
	ContextChecksums []string
	AddHosts         []string
	Network          isolation.Network
	// Epoch is when the image was made, and the latest time of its files.
	Epoch time.Time
	// UploadTo is a repository that gets the layers of the target as they are made; empty: none.
	UploadTo string
	// Proxies are variables of the engine's environment that RUN sees and no image or key does.
	Proxies map[string]string
	// Secrets are contents by id, and Agents sockets of SSH agents by id, for mounts of RUN. No key depends on them.
	Secrets map[string][]byte
	Agents  map[string]string
	// Base brings an image outside the file into the store.
	Base func(ctx context.Context, reference, platform string) (recipe.Image, error)
}

// Maker makes layers and images. *recipe.Workshop is one.
type Maker interface {
	Make(ctx context.Context, recipe recipe.Recipe, progress recipe.Progress) (recipe.Image, error)
	Redate(ctx context.Context, again recipe.Redating) (recipe.Image, error)
	Save(image recipe.Image, created time.Time) (*storage.Image, error)
}

// Builder builds images of Dockerfiles.
type Builder struct {
	Maker Maker
	// Cache remembers instructions; nil: nothing is remembered.
	Cache *InstructionCache
	// Uploads gets layers that are remembered; those that are made, the maker gives it. nil: nobody does.
	Uploads recipe.Uploader
	// Directory is private to this process.
	Directory string
	// NoRun says why no RUN can be executed, NoNetwork why none can be without a network; nil: they can.
	NoRun, NoNetwork error
}

// NewBuilder makes a builder that works in the store of a workshop.
func NewBuilder(w *recipe.Workshop) *Builder {
	recipe.SweepMemory(w.Store)
	made := &Builder{Maker: w, Cache: NewInstructionCache(w.Store), Uploads: w.Uploads, Directory: w.Store.Scratch(),
		NoRun: w.Isolation.Hindrance(), NoNetwork: w.Isolation.NoNetwork}
	return made
}

// Build makes the image of the target, which is not saved: what else was made is, so that its layers stay. The error is
// an *Unsupported, before any instruction has begun, where the file asks for what this package cannot do; a
// *recipe.BuildError where an instruction failed.
func (b *Builder) Build(ctx context.Context, request Request, progress recipe.Progress) (recipe.Image, error) {
	planned, err := b.plan(ctx, request)
	if err != nil {
		return recipe.Image{}, err
	}
	return newExecution(b, request, planned, progress).run(ctx)
}
