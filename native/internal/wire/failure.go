package wire

import (
	"context"
	"errors"

	"github.com/creachadair/jrpc2"

	"slipway.dev/engine/internal/protocol"
)

// Codes that any operation may fail with.
const (
	// Cancelled says that the caller took the call back.
	Cancelled = "CANCELLED"
	// Internal says that the engine itself is wrong: a panic, or an error nobody classified.
	Internal = "INTERNAL"
	// BadRequest says that the parameters do not fit the operation.
	BadRequest = "BAD_REQUEST"
)

// requestCancelled is what editors' clients expect for a call they took back.
const requestCancelled jrpc2.Code = -32800

// requestFailed is a call that was understood and could not be done.
const requestFailed jrpc2.Code = -32803

// Failure is an error that reaches the caller as it is: a code of a closed set, a sentence, and what to do.
type Failure struct {
	protocol.Failure
	// Cause is kept for errors.Is and errors.As; it does not cross the wire.
	Cause error
}

// Error gives the message without the hint.
func (f *Failure) Error() string { return f.Message }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// Fail makes a failure with a code, a sentence and what to do (may be empty).
func Fail(code, message, hint string) *Failure {
	return &Failure{Failure: protocol.Failure{Code: code, Message: message, Hint: hint, Tail: []string{}}}
}

// Because makes a failure that keeps its cause.
func Because(cause error, code, message, hint string) *Failure {
	failure := Fail(code, message, hint)
	failure.Cause = cause
	return failure
}

// failureOf classifies whatever an operation returned. A call that was taken back is CANCELLED whatever broke by it.
func failureOf(ctx context.Context, err error) *Failure {
	if ctx.Err() != nil {
		return Because(err, Cancelled, "the call was cancelled", "")
	}
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return Because(err, Internal, err.Error(), "")
}

// reply turns a failure into the error object of JSON-RPC, with the failure as its data.
func (f *Failure) reply() *jrpc2.Error {
	code := requestFailed
	switch f.Code {
	case Cancelled:
		code = requestCancelled
	case Internal:
		code = jrpc2.InternalError
	case BadRequest:
		code = jrpc2.InvalidParams
	}
	data := f.Failure
	if data.Tail == nil {
		data.Tail = []string{}
	}
	return jrpc2.Errorf(code, "%s", f.Message).WithData(data)
}
