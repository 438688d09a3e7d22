package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"
	"oras.land/oras-go/v2/registry/remote/auth"

	"slipway.dev/engine/internal/protocol"
)

// Reading keeps the connections to repositories that a run asks small things of: the image library would greet the
// registry anew with every question.
type Reading struct {
	mu        sync.Mutex
	endpoints map[string]*endpointOnce
}

// NewReading knows no repository yet.
func NewReading() *Reading { return &Reading{endpoints: map[string]*endpointOnce{}} }

// Head asks for the digest of a manifest; empty: there is no such image.
func (r *Reading) Head(ctx context.Context, settings protocol.Settings, text string) (string, error) {
	named, err := parseReference(text)
	if err != nil {
		return "", err
	}
	at, err := r.of(named.Name()).endpoint(settings, reference.TrimNamed(named))
	if err != nil {
		return "", err
	}
	found := ""
	err = retryLookup(ctx, func() error {
		found, err = at.head(ctx, named)
		return err
	})
	if missing(err) {
		return "", nil
	}
	return found, err
}

func (r *Reading) of(repository string) *endpointOnce {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, found := r.endpoints[repository]
	if !found {
		known = &endpointOnce{}
		r.endpoints[repository] = known
	}
	return known
}

// endpointOnce keeps the connections to one repository while nothing about how it is reached changes.
type endpointOnce struct {
	mu   sync.Mutex
	key  string
	made *endpoint
}

func (o *endpointOnce) endpoint(settings protocol.Settings, repository reference.Named) (*endpoint, error) {
	if settings.Offline {
		return nil, offline(repository.Name())
	}
	system, err := SystemContext(settings, repository.String())
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s %s %d", system.AuthFilePath, system.SystemRegistriesConfPath, system.DockerInsecureSkipTLSVerify)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made != nil && o.key == key {
		return o.made, nil
	}
	made, err := newEndpoint(system, repository, usualRules().patience)
	if err != nil {
		return nil, err
	}
	o.made, o.key = made, key
	return made, nil
}

func (e *endpoint) head(ctx context.Context, named reference.Named) (string, error) {
	const doing = "asking for"
	which := ""
	switch one := named.(type) {
	case reference.Digested:
		which = one.Digest().String()
	case reference.Tagged:
		which = one.Tag()
	}
	at, err := e.path(ctx, "manifests", which)
	if err != nil {
		return "", err
	}
	ctx, stop := watched(ctx, e.patience, &watch{})
	defer stop()
	said, err := e.ask(ctx, http.MethodHead, at, http.Header{"Accept": manifest.DefaultRequestedManifestMIMETypes}, doing)
	if err != nil {
		return "", err
	}
	defer said.Body.Close()
	found, err := digest.Parse(said.Header.Get("Docker-Content-Digest"))
	if err != nil {
		return "", &Fault{Code: Failed, Cause: err, Hint: "is there a registry at this address?",
			Message: fmt.Sprintf("%s %s: %s does not tell the digest of its manifest", doing, named, e.host)}
	}
	return found.String(), nil
}

// ask makes a request that wants to read; any answer but 200 is a fault. The caller closes the body.
func (e *endpoint) ask(ctx context.Context, method string, at *url.URL, header http.Header, doing string) (*http.Response, error) {
	scope := auth.ScopeRepository(reference.Path(e.repository), auth.ActionPull)
	request, err := http.NewRequestWithContext(auth.AppendScopesForHost(ctx, e.host, scope), method, at.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", doing, e.repository, err)
	}
	if header != nil {
		request.Header = header
	}
	response, err := e.client.Do(request)
	if err != nil {
		return nil, networkFault(ctx, err, doing, e.repository.String())
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, read(response).fault(doing, e.repository.String())
	}
	return response, nil
}
