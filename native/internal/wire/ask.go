package wire

import (
	"context"
	"errors"
	"fmt"

	"github.com/creachadair/jrpc2"
)

// Ask puts a question to the caller of a running call and waits for the answer. `ctx` must be the context of that call.
// An error the caller answers with is returned as *Refusal.
func Ask[Q, A any](ctx context.Context, question string, params Q) (A, error) {
	var answer A
	response, err := jrpc2.ServerFromContext(ctx).Callback(ctx, question, params)
	if err != nil {
		var refused *jrpc2.Error
		if errors.As(err, &refused) && ctx.Err() == nil {
			return answer, &Refusal{Question: question, Message: refused.Message, Data: refused.Data}
		}
		return answer, fmt.Errorf("asking %s: %w", question, err)
	}
	if err := response.UnmarshalResult(&answer); err != nil {
		return answer, fmt.Errorf("reading the answer to %s: %w", question, err)
	}
	return answer, nil
}

// Refusal is the error a caller answered a question with.
type Refusal struct {
	Question string
	Message  string
	// Data is the JSON the caller sent along; may be empty.
	Data []byte
}

// Error gives the caller's own words.
func (r *Refusal) Error() string { return r.Message }
