package registry

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"slipway.dev/engine/internal/protocol"
)

func TestDigestsAreAskedForWithoutGreetingTheRegistryEachTime(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	pushed := h.push(h.image("application/vnd.oci.image.manifest.v1+json", "one"), behind.address+"/app:1")
	f := newFront(t, behind, nil)
	reading := NewReading()
	for text, want := range map[string]string{
		"/app:1":                   pushed.Digest,
		"/app@" + pushed.Digest:    pushed.Digest,
		"/app:2":                   "",
		"/app":                     "",
		"/nowhere/app:1":           "",
		"/app:1@" + pushed.Digest:  pushed.Digest,
		"/nowhere/app:9.8_7-alpha": "",
	} {
		got, err := reading.Head(t.Context(), h.settings(), f.address+text)
		must(t, err)
		if got != want {
			t.Errorf("%s: %q", text, got)
		}
	}
	// One greeting for each repository.
	if f.asked("GET", "/v2/") != 2 || f.asked("HEAD", "/manifests/") != 7 {
		t.Errorf("%q", f.seen)
	}
}

func TestReadingShowsTheCredentialsOfTheMoment(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if name, password, _ := r.BasicAuth(); name == "me" && password == "secret" {
				return false
			}
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
	})
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	reading := NewReading()
	_, err := reading.Head(t.Context(), settings, f.address+"/app:1")
	if fault := faultOf(t, err); fault.Code != Denied || strings.Contains(fault.Message, "secret") {
		t.Errorf("%+v", fault)
	}
	// me:secret
	login := `{"auths":{"` + f.address + `":{"auth":"bWU6c2VjcmV0"}}}`
	must(t, os.WriteFile(filepath.Join(settings.DockerConfig, "config.json"), []byte(login), 0o600))
	found, err := reading.Head(t.Context(), settings, f.address+"/app:1")
	if err != nil || found != "" {
		t.Errorf("%q, %v", found, err)
	}
}
