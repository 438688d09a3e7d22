package registry

import (
	"context"
	"fmt"
	"slices"
	"sync"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker/reference"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

// defaultParallelism is how many blobs go to one registry at once without a wish; packers is how many layers are
// compressed at once, each on all processors.
const (
	defaultParallelism = 6
	packers            = 2
)

// Uploads brings layers and images into registries. Blobs are sent once per repository, whoever asks for them.
type Uploads struct {
	settings func() protocol.Settings
	store    *store.Store
	blobs    *layer.Blobs
	rules    rules
	packing  chan struct{}

	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	deliveries map[errand]*delivery
	slots      map[string]chan struct{}
	endpoints  map[string]*endpoint
	// holders tells which repositories are known to have a blob.
	holders map[digest.Digest][]reference.Named
}

// NewUploads prepares the uploads of a session. settings gives the ones in force; blobs are the compressed layers of s.
func NewUploads(settings func() protocol.Settings, s *store.Store, blobs *layer.Blobs) *Uploads {
	ctx, cancel := context.WithCancel(context.Background())
	return &Uploads{
		settings: settings, store: s, blobs: blobs, rules: usualRules(), packing: make(chan struct{}, packers),
		ctx: ctx, cancel: cancel,
		deliveries: map[errand]*delivery{}, slots: map[string]chan struct{}{}, endpoints: map[string]*endpoint{},
		holders: map[digest.Digest][]reference.Named{},
	}
}

// Start begins to upload a layer to a repository, such as `registry.example.com/app`. It returns at once; what went wrong
// is tried again, and told, by the push of an image that has the layer.
func (u *Uploads) Start(repository string, made layer.Made) {
	named, err := reference.ParseNormalizedNamed(repository)
	if err != nil {
		return
	}
	blob := made.Blob
	if blob.Digest == "" {
		found, known := u.blobs.Find(made.DiffID)
		if !known {
			return
		}
		blob = found
	}
	_, _ = u.deliver(reference.TrimNamed(named), cargoOfBlob(u.blobs, blob), nil)
}

// Close stops all uploads and waits for their end.
func (u *Uploads) Close() {
	u.mu.Lock()
	u.closed = true
	u.cancel()
	u.mu.Unlock()
	u.work.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, one := range u.endpoints {
		one.close()
	}
}

// enter ties a push to the session: Close ends it, and waits for its leave.
func (u *Uploads) enter(ctx context.Context) (within context.Context, leave func(), err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, nil, errClosed
	}
	u.work.Add(1)
	within, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(u.ctx, cancel)
	return within, func() { stop(); cancel(); u.work.Done() }, nil
}

// slot waits for a place among the requests to a host.
func (u *Uploads) slot(ctx context.Context, host string) (release func(), err error) {
	u.mu.Lock()
	places, known := u.slots[host]
	if !known {
		size := u.settings().NetworkParallelism
		if size <= 0 {
			size = defaultParallelism
		}
		places = make(chan struct{}, size)
		u.slots[host] = places
	}
	u.mu.Unlock()
	return take(ctx, places)
}

func take(ctx context.Context, places chan struct{}) (release func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// endpoint finds how a repository is spoken to under the settings and credentials in force.
func (u *Uploads) endpoint(repository reference.Named) (*endpoint, error) {
	if u.settings().Offline {
		return nil, offline(repository.Name())
	}
	system, err := SystemContext(u.settings(), repository.String())
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %s %s %d", repository, system.AuthFilePath, system.SystemRegistriesConfPath,
		system.DockerInsecureSkipTLSVerify)
	u.mu.Lock()
	defer u.mu.Unlock()
	if found, known := u.endpoints[key]; known {
		return found, nil
	}
	made, err := newEndpoint(system, repository, u.rules.patience)
	if err != nil {
		return nil, err
	}
	u.endpoints[key] = made
	return made, nil
}

// hold notes that a repository has a blob.
func (u *Uploads) hold(to errand) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.holders[to.blob] = append(u.holders[to.blob], to.repository)
}

// forget asks anew about blobs that turned out to be missing.
func (u *Uploads) forget(repository reference.Named) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for to, one := range u.deliveries {
		if to.repository.Name() == repository.Name() && one.ended() {
			delete(u.deliveries, to)
		}
	}
	for blob, holders := range u.holders {
		u.holders[blob] = slices.DeleteFunc(holders, func(named reference.Named) bool { return named.Name() == repository.Name() })
	}
}

// held lists the repositories beside this one, on the same registry, that have the blob.
func (u *Uploads) held(to reference.Named, blob digest.Digest) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var paths []string
	for _, holder := range u.holders[blob] {
		if reference.Domain(holder) == reference.Domain(to) && holder.Name() != to.Name() {
			paths = append(paths, reference.Path(holder))
		}
	}
	return paths
}
