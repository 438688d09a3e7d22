package wire

import (
	"context"
	"fmt"

	"github.com/creachadair/jrpc2"

	"slipway.dev/engine/internal/protocol"
)

// Emit tells the caller what happens inside its running call. Safe for concurrent use.
type Emit func(protocol.Progress)

// Log passes on one line of output, without its line end.
func (e Emit) Log(line string) { e(protocol.Progress{Kind: protocol.ProgressKindLog, Text: line}) }

// Step announces an instruction or a phase; `done` of `total`, both 0 where there is no count.
func (e Emit) Step(text string, done, total int) {
	e(protocol.Progress{Kind: protocol.ProgressKindStep, Text: text, Done: done, Total: total})
}

// Usage tells what a command used: processor time in milliseconds, the memory of its largest process in KiB.
func (e Emit) Usage(milliseconds, kibibytes int) {
	text := fmt.Sprintf("%.2f s of processor time, at most %d MiB of memory", float64(milliseconds)/1000, kibibytes>>10)
	e(protocol.Progress{Kind: protocol.ProgressKindUsage, Text: text, Done: milliseconds, Total: kibibytes})
}

// Bytes reports a transfer; total is 0 while it is unknown.
func (e Emit) Bytes(text string, done, total int) {
	e(protocol.Progress{Kind: protocol.ProgressKindBytes, Text: text, Done: done, Total: total})
}

// emitter sends `$/progress` notifications that carry the token of the call.
func emitter(ctx context.Context, token string) Emit {
	server := jrpc2.ServerFromContext(ctx)
	return func(progress protocol.Progress) {
		progress.Token = token
		// A lost notification means a lost caller, who cannot be told.
		_ = server.Notify(ctx, "$/progress", progress)
	}
}
