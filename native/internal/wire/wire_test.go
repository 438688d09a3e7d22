package wire

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/creachadair/jrpc2"
	"github.com/creachadair/jrpc2/handler"
	"github.com/creachadair/jrpc2/server"

	"slipway.dev/engine/internal/protocol"
)

// serving runs handlers behind a client in this process.
func serving(t *testing.T, handlers Handlers, options *jrpc2.ClientOptions) *jrpc2.Client {
	t.Helper()
	methods := handler.Map{}
	for name, handle := range handlers {
		methods[name] = handle
	}
	local := server.NewLocal(methods, &server.LocalOptions{
		Client: options, Server: &jrpc2.ServerOptions{AllowPush: true},
	})
	t.Cleanup(func() { local.Close() })
	return local.Client
}

func failed(t *testing.T, client *jrpc2.Client) protocol.Failure {
	t.Helper()
	_, err := client.Call(t.Context(), "do", map[string]string{"path": "x", "token": "mine"})
	var answered *jrpc2.Error
	if !errors.As(err, &answered) {
		t.Fatalf("got %v", err)
	}
	var data protocol.Failure
	if err := json.Unmarshal(answered.Data, &data); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAPanicBecomesAReply(t *testing.T) {
	client := serving(t, Handlers{"do": Handle(func(context.Context, protocol.FileQuestion, Emit) (protocol.FileText, error) {
		panic("broken")
	})}, nil)
	if got := failed(t, client); got.Code != Internal {
		t.Errorf("got %+v", got)
	}
	if got := failed(t, client); got.Code != Internal {
		t.Errorf("the second call got %+v", got)
	}
}

func TestAFailureKeepsItsFieldsAndAnErrorWithoutACodeIsInternal(t *testing.T) {
	answers := []error{Fail("SOME_CODE", "what happened", "what to do"), errors.New("plain")}
	client := serving(t, Handlers{"do": Handle(func(context.Context, protocol.FileQuestion, Emit) (protocol.FileText, error) {
		next := answers[0]
		answers = answers[1:]
		return protocol.FileText{}, next
	})}, nil)
	if got := failed(t, client); got.Code != "SOME_CODE" || got.Message != "what happened" || got.Hint != "what to do" {
		t.Errorf("got %+v", got)
	}
	if got := failed(t, client); got.Code != Internal || got.Message != "plain" {
		t.Errorf("got %+v", got)
	}
}

func TestListsAreNeverNull(t *testing.T) {
	client := serving(t, Handlers{"do": Handle(func(context.Context, protocol.FileQuestion, Emit) (protocol.ImagePulled, error) {
		return protocol.ImagePulled{}, nil
	})}, nil)
	response, err := client.Call(t.Context(), "do", map[string]string{"path": "x"})
	if err != nil {
		t.Fatal(err)
	}
	var result map[string]json.RawMessage
	if err := response.UnmarshalResult(&result); err != nil {
		t.Fatal(err)
	}
	var facts map[string]json.RawMessage
	if err := json.Unmarshal(result["facts"], &facts); err != nil {
		t.Fatal(err)
	}
	if string(result["warnings"]) != "[]" || string(facts["labels"]) != "[]" {
		t.Errorf("warnings %s, labels %s", result["warnings"], facts["labels"])
	}
}

func TestProgressCarriesTheTokenOfItsCall(t *testing.T) {
	heard := make(chan protocol.Progress, 1)
	client := serving(t, Handlers{"do": Handle(func(_ context.Context, _ protocol.FileQuestion, emit Emit) (protocol.FileText, error) {
		emit.Log("a line")
		return protocol.FileText{}, nil
	})}, &jrpc2.ClientOptions{OnNotify: func(request *jrpc2.Request) {
		var progress protocol.Progress
		if request.UnmarshalParams(&progress) == nil {
			heard <- progress
		}
	}})
	if _, err := client.Call(t.Context(), "do", map[string]string{"path": "x", "token": "mine"}); err != nil {
		t.Fatal(err)
	}
	if got := <-heard; got.Token != "mine" || got.Text != "a line" || got.Kind != protocol.ProgressKindLog {
		t.Errorf("got %+v", got)
	}
}

func TestAQuestionIsAnsweredByTheCallerOrRefused(t *testing.T) {
	client := serving(t, Handlers{"do": Handle(func(ctx context.Context, params protocol.FileQuestion, _ Emit) (protocol.FileText, error) {
		answer, err := Ask[protocol.FileQuestion, protocol.FileText](ctx, "files.get", params)
		var refused *Refusal
		if errors.As(err, &refused) {
			return protocol.FileText{Text: "refused: " + refused.Message}, nil
		}
		return answer, err
	})}, &jrpc2.ClientOptions{OnCallback: func(_ context.Context, request *jrpc2.Request) (any, error) {
		var question protocol.FileQuestion
		if err := request.UnmarshalParams(&question); err != nil {
			return nil, err
		}
		if question.Path == "secret" {
			return nil, errors.New("not yours")
		}
		return protocol.FileText{Text: "text of " + question.Path}, nil
	}})
	for path, want := range map[string]string{"a": "text of a", "secret": "refused: not yours"} {
		var got protocol.FileText
		if err := client.CallResult(t.Context(), "do", protocol.FileQuestion{Path: path}, &got); err != nil || got.Text != want {
			t.Errorf("%s: got %q, %v", path, got.Text, err)
		}
	}
}
