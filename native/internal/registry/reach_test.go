package registry

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

// endpointOf is how a repository is reached under settings.
func endpointOf(t *testing.T, repository string, change func(*protocol.Settings)) (*endpoint, error) {
	t.Helper()
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	if change != nil {
		change(&settings)
	}
	system, err := SystemContext(settings, repository)
	must(t, err)
	return newEndpoint(system, named(t, repository), time.Second)
}

func TestWhoMayBeReachedHow(t *testing.T) {
	for _, c := range []struct {
		repository, host string
		change           func(*protocol.Settings)
		plain            bool
	}{
		{"registry.example/app", "registry.example", nil, false},
		{"app", hubAddress, nil, false},
		{"127.0.0.1:5000/app", "127.0.0.1:5000", nil, true},
		{"registry.example/app", "registry.example", func(s *protocol.Settings) { s.InsecureRegistry = true }, true},
		{"registry.example/app", "registry.example", func(s *protocol.Settings) { s.SkipTlsVerifyRegistry = true }, true},
	} {
		at, err := endpointOf(t, c.repository, c.change)
		must(t, err)
		skips := at.client.Client.Transport.(*http.Transport).TLSClientConfig.InsecureSkipVerify
		if at.plain != c.plain || skips != c.plain || at.host != c.host {
			t.Errorf("%s: plain %v, unverified %v, host %s", c.repository, at.plain, skips, at.host)
		}
	}
}

func TestABlockedRegistryIsNotReached(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registries.conf")
	must(t, os.WriteFile(path, []byte("[[registry]]\nprefix = \"blocked.example\"\nlocation = \"blocked.example\"\nblocked = true\n"), 0o600))
	t.Setenv("CONTAINERS_REGISTRIES_CONF", path)
	_, err := endpointOf(t, "blocked.example/app", nil)
	if fault := faultOf(t, err); fault.Code != Blocked {
		t.Errorf("%+v", fault)
	}
}

func TestCertificatesAreCheckedAgainstTheHostsDirectory(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	server.Config.ErrorLog = silent()
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	host := strings.TrimPrefix(server.URL, "https://")
	directory := filepath.Join(home, "containers", "certs.d", host)
	strict := func() error {
		transport, err := transportTo(host, false)
		must(t, err)
		at := &endpoint{host: host, repository: named(t, host+"/app"), patience: time.Second}
		at.client = authClient(transport)
		_, err = at.origin(t.Context())
		return err
	}
	if fault := faultOf(t, strict()); fault.Code != CertificateInvalid || fault.Hint == "" {
		t.Errorf("%+v", fault)
	}
	must(t, os.MkdirAll(directory, 0o700))
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	must(t, os.WriteFile(filepath.Join(directory, "ca.crt"), text, 0o600))
	if found, err := certificates(host); err != nil || found != directory {
		t.Fatalf("this user's directory is not looked at: %q, %v", found, err)
	}
	must(t, strict())
}

func TestARegistryWithTLSOnLoopbackIsNotSpokenToInTheClear(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	server := httptest.NewTLSServer(f)
	defer server.Close()
	load := randomCargo(t, 3<<20)
	must(t, send(t, newSession(t), strings.TrimPrefix(server.URL, "https://")+"/app", load))
	if !behind.has("app/blobs/" + load.digest.String()) {
		t.Error("the blob did not arrive")
	}
}

func TestALocationKeepsToTheSchemeThatWorks(t *testing.T) {
	asked, err := url.Parse("https://registry.example/v2/app/blobs/uploads/")
	must(t, err)
	for location, want := range map[string]string{
		"/v2/x?a=b":                  "https://registry.example/v2/x?a=b",
		"http://registry.example/x":  "https://registry.example/x",
		"http://storage.example/x":   "http://storage.example/x",
		"https://registry.example/x": "https://registry.example/x",
	} {
		said := &answer{at: asked, header: http.Header{"Location": {location}}}
		if got, err := said.location(); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", location, got, err)
		}
	}
}
