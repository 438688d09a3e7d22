package ops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/wire"
)

// removeDirectory removes what an ordinary user may only inside the user namespace. Nothing but a part of the run
// directory is ever removed.
func removeDirectory(s *Session) func(context.Context, protocol.DirectoryRemove, wire.Emit) (protocol.Nothing, error) {
	return func(_ context.Context, params protocol.DirectoryRemove, _ wire.Emit) (protocol.Nothing, error) {
		if s.storeObstacle != nil {
			return nil, openFailure(s.storeObstacle)
		}
		inside, err := filepath.Rel(s.Settings().RunDirectory, params.Path)
		if err != nil || !filepath.IsAbs(params.Path) || !filepath.IsLocal(inside) {
			return nil, wire.Fail(OptionInvalid, fmt.Sprintf("%s is no part of the run directory", params.Path), "")
		}
		if err := os.RemoveAll(params.Path); err != nil {
			return nil, fmt.Errorf("removing %s: %w", params.Path, err)
		}
		return nil, nil
	}
}
