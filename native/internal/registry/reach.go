package registry

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/pkg/docker/config"
	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/pkg/tlsclientconfig"
	"go.podman.io/image/v5/types"
	"go.podman.io/storage/pkg/configfile"
	"go.podman.io/storage/pkg/unshare"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// hubAddress is where docker.io answers.
const hubAddress = "registry-1.docker.io"

// patientForContinue is how long a server may take to say that it wants a body.
const patientForContinue = time.Second

// endpoint is a repository of a registry, and how it is spoken to.
type endpoint struct {
	repository reference.Named
	host       string
	client     *auth.Client
	// plain allows HTTP where HTTPS is not spoken.
	plain bool
	// patience is how long nothing may move.
	patience time.Duration

	// eager says that something on the way does not let a body be asked for first.
	eager atomic.Bool

	mu     sync.Mutex
	scheme string
}

// newEndpoint takes credentials, certificates and permissions from where the image library takes them.
func newEndpoint(system *types.SystemContext, repository reference.Named, patience time.Duration) (*endpoint, error) {
	found, err := sysregistriesv2.FindRegistry(system, repository.Name())
	if err != nil {
		return nil, fmt.Errorf("reading registries.conf: %w", err)
	}
	insecure := system.DockerInsecureSkipTLSVerify == types.OptionalBoolTrue
	if found != nil && found.Blocked {
		return nil, &Fault{Code: Blocked, Hint: "registries.conf blocks this registry",
			Message: fmt.Sprintf("registry %s is blocked", found.Prefix)}
	}
	insecure = insecure || (found != nil && found.Insecure)
	domain := reference.Domain(repository)
	transport, err := transportTo(domain, insecure)
	if err != nil {
		return nil, err
	}
	made := &endpoint{repository: repository, host: domain, plain: insecure, patience: patience}
	if domain == dockerHub {
		made.host = hubAddress
	}
	made.client = authClient(transport)
	made.client.Credential = func(_ context.Context, host string) (auth.Credential, error) {
		return made.credential(system, host)
	}
	return made, nil
}

// authClient answers challenges, and keeps tokens.
func authClient(transport *http.Transport) *auth.Client {
	return &auth.Client{
		Client:   &http.Client{Transport: transport},
		Cache:    auth.NewCache(),
		ClientID: "slipway",
		Header:   http.Header{"User-Agent": {"slipway"}},
	}
}

// credential gives what is known for the repository, to its registry alone: uploads may be sent elsewhere.
func (e *endpoint) credential(system *types.SystemContext, host string) (auth.Credential, error) {
	if host != e.host {
		return auth.EmptyCredential, nil
	}
	known, err := config.GetCredentialsForRef(system, e.repository)
	if err != nil {
		return auth.EmptyCredential, fmt.Errorf("looking for credentials for %s: %w", e.host, err)
	}
	return auth.Credential{Username: known.Username, Password: known.Password, RefreshToken: known.IdentityToken}, nil
}

func transportTo(domain string, insecure bool) (*http.Transport, error) {
	settings := &tls.Config{InsecureSkipVerify: insecure}
	directory, err := certificates(domain)
	if err != nil {
		return nil, err
	}
	if directory != "" {
		if err := tlsclientconfig.SetupCertificates(directory, settings); err != nil {
			return nil, &Fault{Code: CertificateInvalid, Cause: err, Hint: "repair the files there",
				Message: fmt.Sprintf("reading the certificates for %s in %s: %v", domain, directory, err)}
		}
	}
	transport := tlsclientconfig.NewTransport()
	transport.TLSClientConfig = settings
	transport.DialContext = dial(&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second})
	transport.ExpectContinueTimeout = patientForContinue
	transport.MaxIdleConnsPerHost = defaultParallelism
	return transport, nil
}

// certificates finds the first directory of the host's certificates, in the order of the image library; empty: none.
func certificates(domain string) (string, error) {
	paths, err := configfile.GetSearchPaths(&configfile.File{
		Name: "certs", Extension: "d", DoNotUseExtensionForConfigName: true, UserId: unshare.GetRootlessUID(),
	})
	if err != nil {
		return "", fmt.Errorf("looking for certificates of %s: %w", domain, err)
	}
	for _, directory := range append(paths.DropInDirectories, "/etc/docker/certs.d") {
		found := filepath.Join(directory, domain)
		if status, err := os.Stat(found); err == nil && status.IsDir() {
			return found, nil
		}
	}
	return "", nil
}

// origin is scheme and host; the scheme is found out by the first call: HTTPS, then HTTP where it is allowed.
func (e *endpoint) origin(ctx context.Context) (*url.URL, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.scheme == "" {
		err := e.knock(ctx, "https")
		if err != nil && e.plain && ctx.Err() == nil {
			err = e.knock(ctx, "http")
		}
		if err != nil {
			return nil, err
		}
	}
	return &url.URL{Scheme: e.scheme, Host: e.host}, nil
}

func (e *endpoint) knock(ctx context.Context, scheme string) error {
	at := url.URL{Scheme: scheme, Host: e.host, Path: "/v2/"}
	ctx, stop := watched(ctx, e.patience, &watch{})
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return fmt.Errorf("reaching %s: %w", e.host, err)
	}
	answer, err := e.client.Client.Do(request)
	if err != nil {
		return networkFault(ctx, err, "reaching", e.host)
	}
	e.scheme = scheme
	return answer.Body.Close()
}

// answered says whether anybody ever answered there.
func (e *endpoint) answered() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.scheme != ""
}

// close closes idle connections.
func (e *endpoint) close() { e.client.Client.CloseIdleConnections() }
