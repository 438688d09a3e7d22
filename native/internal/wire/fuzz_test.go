package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/channel"

	"slipway.dev/engine/internal/protocol"
)

// smallTable answers, fails, asks back, and waits to be cancelled.
func smallTable() Handlers {
	type question = protocol.FileQuestion
	type text = protocol.FileText
	return Handlers{
		"answer": Handle(func(_ context.Context, params question, emit Emit) (text, error) {
			emit.Log(params.Path)
			return text{Text: params.Path}, nil
		}),
		"fail": Handle(func(context.Context, question, Emit) (text, error) { return text{}, Fail("CODE", "message", "hint") }),
		"ask": Handle(func(ctx context.Context, params question, _ Emit) (text, error) {
			return Ask[question, text](ctx, "files.get", params)
		}),
		"wait": Handle(func(ctx context.Context, _ question, _ Emit) (text, error) {
			<-ctx.Done()
			return text{}, ctx.Err()
		}),
	}
}

// nowhere takes what is written to it.
type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

// frames puts messages behind each other as they are framed.
func frames(messages ...string) []byte {
	var stream bytes.Buffer
	for _, message := range messages {
		fmt.Fprintf(&stream, "Content-Length: %d\r\n\r\n%s", len(message), message)
	}
	return stream.Bytes()
}

// announcedLarge is a length for which the library makes room at once: it trusts the one peer it has.
var announcedLarge = regexp.MustCompile(`(?i)content-length[^\n]*[0-9]{8}`)

// isNobodys says that a stream holds a broken message without an id. The library answers that too, and where the input has
// ended by then it has nowhere to answer to: it panics.
func isNobodys(stream []byte) bool {
	messages := channel.LSP(bytes.NewReader(stream), nowhere{io.Discard})
	for {
		message, err := messages.Recv()
		if err != nil && len(message) == 0 {
			return false
		}
		requests, _ := jrpc2.ParseRequests(message)
		for _, request := range requests {
			if request.Error != nil && request.ID == "" {
				return true
			}
		}
	}
}

// FuzzFrames serves anything that may come on standard input: it ends with the input, whatever that was.
func FuzzFrames(f *testing.F) {
	call := func(method string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":{"path":"x","token":"t"}}`, method)
	}
	f.Add(frames(call("answer"), call("fail"), call("none")))
	f.Add(frames(call("wait"), `{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}`))
	f.Add(frames(call("ask"), `{"jsonrpc":"2.0","id":1,"result":{"text":"x"}}`))
	f.Add(frames("["+call("wait")+","+call("ask")+"]", "[]", "1", `{"jsonrpc":"1.0","id":2}`))
	f.Add(frames(`{"jsonrpc":"2.0","id":{},"method":"answer","params":[1,2]}`, `{"jsonrpc":"2.0","id":"a","method":"","params":null}`))
	f.Add([]byte("Content-Length: 99\r\n\r\n{}"))
	f.Add([]byte("Content-Length: -1\r\n\r\n{}"))
	f.Add([]byte("Content-Type: x\r\nContent-Length: 2\r\n\r\n{}Content-Length: two\r\n\r\n"))
	f.Add([]byte("\r\n\r\n\x00\xff"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		if announcedLarge.Match(stream) || isNobodys(stream) {
			return
		}
		ended := make(chan error, 1)
		go func() {
			ended <- Serve(t.Context(), smallTable(), io.NopCloser(bytes.NewReader(stream)), nowhere{io.Discard})
		}()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			stacks := make([]byte, 1<<16)
			t.Fatalf("still serving behind the end of %q\n%s", stream, stacks[:runtime.Stack(stacks, true)])
		}
	})
}
