package ops

import (
	"context"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/wire"
)

func resizeTerminal(_ context.Context, at *recipe.Workshop, params protocol.TerminalResize, _ wire.Emit) (protocol.Nothing, error) {
	at.Terminals.Resize(params.Socket, params.Columns, params.Rows)
	return nil, nil
}

// terminalOf is the terminal that the caller gives a command; nil: none.
func terminalOf(given []protocol.UserTerminal) *recipe.Terminal {
	if len(given) == 0 {
		return nil
	}
	one := given[0]
	return &recipe.Terminal{Socket: one.Socket, Columns: one.Columns, Rows: one.Rows, Term: one.Term}
}
