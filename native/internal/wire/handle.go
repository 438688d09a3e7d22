package wire

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/creachadair/jrpc2"
)

// Handler answers one operation.
type Handler = jrpc2.Handler

// Handlers maps the names of operations to what answers them.
type Handlers map[string]Handler

// Handle makes a handler of a function: it decodes the parameters, runs, and turns errors and panics into failures.
// Lists that a result leaves nil are sent as empty lists.
func Handle[P, R any](run func(ctx context.Context, params P, emit Emit) (R, error)) Handler {
	return func(ctx context.Context, request *jrpc2.Request) (any, error) {
		var params P
		if err := json.Unmarshal([]byte(request.ParamString()), &params); err != nil {
			message := fmt.Sprintf("%s: %v", request.Method(), err)
			return nil, Because(err, BadRequest, message, "").reply()
		}
		result, err := guarded(ctx, request.Method(), func() (R, error) {
			return run(ctx, params, emitter(ctx, tokenOf(request)))
		})
		if err != nil {
			return nil, failureOf(ctx, err).reply()
		}
		fillLists(&result)
		return result, nil
	}
}

// guarded runs an operation; a panic becomes a failure, and its stack goes to the log.
func guarded[R any](ctx context.Context, method string, run func() (R, error)) (result R, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			fmt.Fprintf(os.Stderr, "panic in %s: %v\n%s", method, problem, debug.Stack())
			err = Fail(Internal, fmt.Sprintf("the engine failed in %s: %v", method, problem), "")
		}
	}()
	if err := ctx.Err(); err != nil {
		return result, err
	}
	return run()
}

func tokenOf(request *jrpc2.Request) string {
	var carrier struct {
		Token string `json:"token"`
	}
	if json.Unmarshal([]byte(request.ParamString()), &carrier) != nil {
		return ""
	}
	return carrier.Token
}
