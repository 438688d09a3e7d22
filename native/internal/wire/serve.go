package wire

import (
	"context"
	"encoding/json"
	"io"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"
	"github.com/creachadair/jrpc2/handler"
)

// concurrentCalls bounds what one caller may have running; far above what it does, since waiting calls hold a place.
const concurrentCalls = 1024

// Serve answers calls until the input ends or ctx is done. Then every running call is cancelled, and Serve returns
// when the last of them has ended.
func Serve(ctx context.Context, handlers Handlers, in io.ReadCloser, out io.WriteCloser) error {
	methods := handler.Map{"$/cancelRequest": cancelRequest}
	for name, handle := range handlers {
		methods[name] = handle
	}
	server := jrpc2.NewServer(methods, &jrpc2.ServerOptions{
		AllowPush:      true,
		DisableBuiltin: true,
		Concurrency:    concurrentCalls,
		NewContext:     func() context.Context { return ctx },
	})
	server.Start(channel.LSP(in, out))
	// The server would wait for a read that only closing the input ends.
	stop := context.AfterFunc(ctx, func() { server.Stop(); in.Close() })
	defer stop()
	return server.Wait()
}

// cancelRequest ends the call whose id the notification names.
func cancelRequest(ctx context.Context, request *jrpc2.Request) (any, error) {
	var params struct {
		ID json.RawMessage `json:"id"`
	}
	if err := request.UnmarshalParams(&params); err != nil {
		return nil, err
	}
	jrpc2.ServerFromContext(ctx).CancelRequest(string(params.ID))
	return nil, nil
}
