package ops

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/wire"
)

// Codes of the handshake.
const (
	// VersionMismatch says that command and engine are not of one release.
	VersionMismatch = "VERSION_MISMATCH"
	// HelloMissing says that an operation came before hello.
	HelloMissing = "HELLO_MISSING"
)

func hello(s *Session) func(context.Context, protocol.Hello, wire.Emit) (protocol.Welcome, error) {
	return func(_ context.Context, params protocol.Hello, _ wire.Emit) (protocol.Welcome, error) {
		if params.Protocol != protocol.Version || params.Version != s.version {
			return protocol.Welcome{}, wire.Fail(VersionMismatch,
				fmt.Sprintf("slipway-engine %s (protocol %d) does not fit slipway %s (protocol %d)",
					s.version, protocol.Version, params.Version, params.Protocol),
				"install the engine of the same version, or unset SLIPWAY_ENGINE")
		}
		s.mu.Lock()
		s.settings = &params.Settings
		s.mu.Unlock()
		return protocol.Welcome{
			Protocol: protocol.Version,
			Version:  s.version,
			Platform: runtime.GOOS + "/" + runtime.GOARCH,
			Pid:      os.Getpid(),
		}, nil
	}
}
