package ops

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/creachadair/jrpc2"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/wire"
)

// Session is one caller's conversation: nothing is answered before its hello, and no image before the store is open.
type Session struct {
	version string
	// ground is where this process stands; its zero value: it was started without a store.
	ground host.Ground
	// storeObstacle says that this process has no store; nil: it has.
	storeObstacle error

	// writer writes images that need no store into registries.
	writer *registry.Uploads

	// building counts builds under way: their working trees are kept from one instruction to the next.
	building atomic.Int32

	mu       sync.Mutex
	settings *protocol.Settings
	opened   protocol.StoreOpened
	workshop *recipe.Workshop
	uploads  *registry.Uploads
	builder  *dockerfile.Builder
}

// NewSession starts a conversation of an engine of this version. The ground is where its process stands; the zero value
// is that of an engine without a store.
func NewSession(version string, ground host.Ground) *Session {
	session := &Session{version: version, ground: ground}
	session.writer = registry.NewUploads(session.Settings, nil, nil)
	if ground.Standing == "" {
		session.storeObstacle = withoutStore()
	}
	return session
}

// Settings gives what the caller said in its hello. Operations run only after it.
func (s *Session) Settings() protocol.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings == nil {
		return protocol.Settings{}
	}
	return *s.settings
}

// Close removes what this process has in the store.
func (s *Session) Close() error {
	s.writer.Close()
	s.mu.Lock()
	workshop, uploads := s.workshop, s.uploads
	s.mu.Unlock()
	if workshop == nil {
		return nil
	}
	// Uploads ask this session for its settings until they have ended.
	uploads.Close()
	return workshop.Store.Close()
}

// atWork gives the open store and what goes with it.
func (s *Session) atWork() (*recipe.Workshop, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workshop == nil {
		return nil, wire.Fail(StoreClosed, "the store must be opened by store.open first", "")
	}
	return s.workshop, nil
}

func (s *Session) greeted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings != nil
}

// afterHello refuses an operation until versions were compared.
func (s *Session) afterHello(handle wire.Handler) wire.Handler {
	return func(ctx context.Context, request *jrpc2.Request) (any, error) {
		if s.greeted() {
			return handle(ctx, request)
		}
		return wire.Handle(refuseBeforeHello)(ctx, request)
	}
}

func refuseBeforeHello(context.Context, map[string]any, wire.Emit) (protocol.Nothing, error) {
	return nil, wire.Fail(HelloMissing, "the first call to the engine must be hello", "")
}
