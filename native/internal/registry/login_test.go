package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"slipway.dev/engine/internal/protocol"
)

// tokenRegistry lets in who brings a token of its token service, as the registries of GitLab and GitHub do.
func tokenRegistry(t *testing.T, user, password string) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer granted" {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="test"`, server.URL))
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if name, word, _ := r.BasicAuth(); name != user || word != password {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"token": "granted"})
	})
	return strings.TrimPrefix(server.URL, "http://")
}

func TestLoginByToken(t *testing.T) {
	registry := tokenRegistry(t, "robot", "right")
	settings := protocol.Settings{RunDirectory: t.TempDir()}
	asked := protocol.RegistryLogin{Registry: registry, Username: "robot", Password: "right"}
	must(t, Login(context.Background(), settings, asked))

	asked.Password = "wrong"
	err := Login(context.Background(), settings, asked)
	var fault *Fault
	if !errors.As(err, &fault) || fault.Code != Denied {
		t.Fatalf("a wrong password gives %v", err)
	}
	if want := registry + ` does not accept the user "robot" with this password`; fault.Message != want {
		t.Fatalf("it says %q, not %q", fault.Message, want)
	}
}

func TestLoginElsewhere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	err := Login(context.Background(), protocol.Settings{RunDirectory: t.TempDir()},
		protocol.RegistryLogin{Registry: host, Username: "robot", Password: "right"})
	var fault *Fault
	if !errors.As(err, &fault) || !strings.HasPrefix(fault.Message, host+" is no registry") {
		t.Fatalf("a server that is no registry gives %v", err)
	}
}
