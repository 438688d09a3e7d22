package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.podman.io/image/v5/docker/reference"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// errStalled says that a connection stood still.
var errStalled = errors.New("nothing moved on the connection for too long")

// mostOfAnswer is how much of an answer is read; mostRetryAfter is how long a registry may make us wait.
const (
	mostOfAnswer   = 1 << 16
	mostRetryAfter = 10 * time.Minute
)

// expectFrom is the size of body from which a server is asked first whether it wants it.
const expectFrom = 1 << 20

// call is one request to a registry.
type call struct {
	method string
	at     *url.URL
	header http.Header
	// open gives the body from its start; nil: none.
	open   func() (io.ReadCloser, error)
	length int64
	// alone asks for a connection that serves nothing else.
	alone bool
	// scopes beyond the own repository's that a token should have.
	scopes []string
	// patience is how long nothing may move; 0: the endpoint's.
	patience time.Duration
	heard    func(sent int64)
}

// answer is what a registry said.
type answer struct {
	status int
	header http.Header
	codes  []string
	text   string
	// at is where the answer came from.
	at *url.URL
}

// says tells whether the answer holds one of the codes of registries.
func (a *answer) says(codes ...string) bool {
	return slices.ContainsFunc(a.codes, func(code string) bool { return slices.Contains(codes, code) })
}

// location reads where to go on. Where only the scheme differs, a proxy has not told the registry how it is reached.
func (a *answer) location() (*url.URL, error) {
	text := a.header.Get("Location")
	if text == "" {
		return nil, &Fault{Code: Failed, Message: fmt.Sprintf("%s did not say where to upload to", a.at.Host)}
	}
	place, err := a.at.Parse(text)
	if err != nil {
		return nil, &Fault{Code: Failed, Message: fmt.Sprintf("%s named a place that is no address: %v", a.at.Host, err)}
	}
	if place.Hostname() == a.at.Hostname() && place.Scheme == "http" && a.at.Scheme == "https" {
		place.Scheme, place.Host = a.at.Scheme, a.at.Host
	}
	return place, nil
}

// path makes an address below the repository.
func (e *endpoint) path(ctx context.Context, parts ...string) (*url.URL, error) {
	origin, err := e.origin(ctx)
	if err != nil {
		return nil, err
	}
	return origin.JoinPath(append([]string{"/v2", reference.Path(e.repository)}, parts...)...), nil
}

// send makes one request. An answer of any status is no error; no answer is a fault. sent is about how much of the body
// had left by then.
func (e *endpoint) send(ctx context.Context, c call) (said *answer, sent int64, err error) {
	patience := c.patience
	if patience == 0 {
		patience = e.patience
	}
	w := &watch{most: c.length, heard: c.heard}
	ctx, stop := watched(ctx, patience, w)
	defer stop()
	scopes := append([]string{auth.ScopeRepository(reference.Path(e.repository), auth.ActionPull, auth.ActionPush)}, c.scopes...)
	request, err := c.request(auth.AppendScopesForHost(ctx, e.host, scopes...), e.eager.Load())
	if err != nil {
		return nil, 0, err
	}
	response, err := e.client.Do(request)
	if err == nil && response.StatusCode == http.StatusExpectationFailed && request.Header.Get("Expect") != "" {
		response.Body.Close()
		e.eager.Store(true)
		return e.send(ctx, c)
	}
	if err != nil {
		return nil, w.sent(), networkFault(ctx, err, "speaking with", e.host)
	}
	defer response.Body.Close()
	return read(response), w.sent(), nil
}

func (c call) request(ctx context.Context, eager bool) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, c.at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.at.Host, err)
	}
	request.Header = c.header.Clone()
	if request.Header == nil {
		request.Header = http.Header{}
	}
	request.Close = c.alone
	if c.open == nil || c.length == 0 {
		return request, nil
	}
	if request.Body, err = c.open(); err != nil {
		return nil, fmt.Errorf("reading what is to be uploaded: %w", err)
	}
	request.GetBody, request.ContentLength = c.open, c.length
	if c.length >= expectFrom && !eager {
		request.Header.Set("Expect", "100-continue")
	}
	return request, nil
}

// read takes what matters out of a response.
func read(response *http.Response) *answer {
	text, _ := io.ReadAll(io.LimitReader(response.Body, mostOfAnswer))
	said := &answer{status: response.StatusCode, header: response.Header, at: response.Request.URL}
	var told struct {
		Errors []struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if response.StatusCode < 400 || json.Unmarshal(text, &told) != nil {
		return said
	}
	var words []string
	for _, one := range told.Errors {
		said.codes = append(said.codes, one.Code)
		words = append(words, strings.TrimSpace(one.Code+" "+one.Message))
	}
	said.text = strings.Join(words, "; ")
	return said
}

// fault says what an answer means that was not the wanted one.
func (a *answer) fault(doing, subject string) *Fault {
	sentence := fmt.Sprintf("%s %s: %s answered %d", doing, subject, a.at.Host, a.status)
	if name := http.StatusText(a.status); name != "" {
		sentence += " " + name
	}
	if a.text != "" {
		sentence += " (" + a.text + ")"
	}
	fault := &Fault{Message: sentence, RetryAfter: retryAfter(a.header.Get("Retry-After"), time.Now())}
	fault.Code, fault.Hint = codeOfStatus(a.status)
	if fault.Code == "" {
		fault.Code, fault.Hint = Rejected, "the registry does not take this: its log may say more"
	}
	return fault
}

// retryAfter reads seconds or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), mostRetryAfter)
	}
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), mostRetryAfter)
	}
	return 0
}

// networkFault says why there was no answer. Addresses of uploads are left out: they are long, and may carry signatures.
func networkFault(ctx context.Context, err error, doing, subject string) error {
	var refused *errcode.ErrorResponse
	var inner *url.Error
	var known *Fault
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStalled):
		return &Fault{Code: Unreachable, Cause: errStalled, Hint: "is the network, or the registry, overloaded?",
			Message: fmt.Sprintf("%s %s: %v", doing, subject, errStalled)}
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &known):
		return known // What was to be sent could not be read.
	case errors.As(err, &refused):
		code, hint := codeOfStatus(refused.StatusCode)
		return &Fault{Code: code, Hint: hint, Cause: err,
			Message: fmt.Sprintf("%s %s: the token service answered %d", doing, subject, refused.StatusCode)}
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return &Fault{Code: Denied, Cause: err, Hint: "log in to this registry first",
			Message: fmt.Sprintf("%s %s: there are no credentials for it", doing, subject)}
	case errors.As(err, &inner):
		code, hint := codeOf(err)
		return &Fault{Code: code, Hint: hint, Cause: err, Message: fmt.Sprintf("%s %s: %v", doing, subject, inner.Err)}
	}
	return fmt.Errorf("%s %s: %w", doing, subject, err)
}
