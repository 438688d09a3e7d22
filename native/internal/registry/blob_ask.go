package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	digest "github.com/opencontainers/go-digest"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// has asks whether the repository holds a blob.
func (e *endpoint) has(ctx context.Context, blob digest.Digest) (bool, error) {
	at, err := e.path(ctx, "blobs", blob.String())
	if err != nil {
		return false, err
	}
	said, _, err := e.send(ctx, call{method: http.MethodHead, at: at})
	switch {
	case err != nil:
		return false, err
	case said.status == http.StatusOK:
		return true, nil
	case said.status == http.StatusNotFound:
		return false, nil
	}
	return false, said.fault("asking for a blob of", e.repository.Name())
}

// mount asks the registry to take a blob from another of its repositories. Where it does not, it may have begun an upload
// instead: place is where that is; nil: there is none.
func (e *endpoint) mount(ctx context.Context, blob digest.Digest, from string) (mounted bool, place *url.URL, err error) {
	at, err := e.path(ctx, "blobs", "uploads/")
	if err != nil {
		return false, nil, err
	}
	at.RawQuery = url.Values{"mount": {blob.String()}, "from": {from}}.Encode()
	scopes := []string{auth.ScopeRepository(from, auth.ActionPull)}
	said, _, err := e.send(ctx, call{method: http.MethodPost, at: at, scopes: scopes})
	var fault *Fault
	switch {
	case errors.As(err, &fault) && fault.Code == Denied:
		return false, nil, nil // There is no token for the other repository.
	case err != nil:
		return false, nil, err
	case said.status == http.StatusCreated:
		return true, nil, nil
	case said.status == http.StatusAccepted:
		place, err = said.location()
		return false, place, err
	case said.status == http.StatusTooManyRequests || said.status >= 500:
		return false, nil, said.fault("asking for a blob of", e.repository.Name())
	}
	// It may not be allowed, or not be known at all: then it is uploaded.
	return false, nil, nil
}

// begin starts an upload.
func (e *endpoint) begin(ctx context.Context) (*url.URL, error) {
	at, err := e.path(ctx, "blobs", "uploads/")
	if err != nil {
		return nil, err
	}
	said, _, err := e.send(ctx, call{method: http.MethodPost, at: at})
	if err != nil {
		return nil, err
	}
	if said.status != http.StatusAccepted {
		return nil, said.fault("uploading to", e.repository.Name())
	}
	return said.location()
}

// abandon tells the registry that an upload is not gone on with. It would find out by itself.
func (e *endpoint) abandon(ctx context.Context, place *url.URL) {
	_, _, _ = e.send(ctx, call{method: http.MethodDelete, at: place})
}
