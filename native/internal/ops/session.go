package ops

import (
	"context"
	"sync"

	"github.com/creachadair/jrpc2"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/wire"
)

// Session is one caller's conversation: nothing is answered before its hello.
type Session struct {
	version string

	mu       sync.Mutex
	settings *protocol.Settings
}

// NewSession starts a conversation of an engine of this version.
func NewSession(version string) *Session { return &Session{version: version} }

// Settings gives what the caller said in its hello. Operations run only after it.
func (s *Session) Settings() protocol.Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings == nil {
		return protocol.Settings{}
	}
	return *s.settings
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
