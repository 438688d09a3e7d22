package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"slipway.dev/engine/internal/protocol"
)

// registry starts the distribution registry on loopback and gives its address. With a password it wants user `me`.
func registry(t *testing.T, password string) string {
	t.Helper()
	directory := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := listener.Addr().String()
	must(t, listener.Close())
	config := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: %q}\n", directory, address)
	if password != "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(directory, "htpasswd"), []byte("me:"+string(hash)+"\n"), 0o600))
		config += fmt.Sprintf("auth: {htpasswd: {realm: test, path: %s/htpasswd}}\n", directory)
	}
	path := filepath.Join(directory, "config.yml")
	must(t, os.WriteFile(path, []byte(config), 0o600))
	command := exec.Command("docker-registry", "serve", path)
	must(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	for range 500 {
		if response, err := http.Get("http://" + address + "/v2/"); err == nil {
			response.Body.Close()
			return address
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the registry does not answer")
	return ""
}

// small builds an image and gives its id.
func small(t *testing.T, e *engine, more string) string {
	t.Helper()
	return call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, "FROM scratch\nCOPY a /a\n"+more)).Facts.Id
}

func pull(reference string, policy protocol.ImagePullPolicy) protocol.ImagePull {
	return protocol.ImagePull{Token: "pull", Reference: reference, Policy: policy, Platform: ""}
}

func TestAnImageGoesToARegistryAndComesBackTheSame(t *testing.T) {
	address := registry(t, "")
	first := opened(t, t.TempDir())
	id := small(t, first, "")
	pushed := call[protocol.Pushed](first, "image.push", protocol.ImagePush{Token: "p", Image: id, Reference: address + "/project:1"})
	if !strings.HasPrefix(pushed.Digest, "sha256:") || pushed.Size == 0 {
		t.Errorf("pushed: %+v", pushed)
	}
	second := opened(t, t.TempDir())
	got := call[protocol.ImagePulled](second, "image.pull", pull(address+"/project:1", "newer"))
	if got.Facts.Id != id || !got.Pulled {
		t.Errorf("pulled: %+v", got)
	}
	again := call[protocol.ImagePulled](second, "image.pull", pull(address+"/project:1", "newer"))
	if again.Pulled {
		t.Error("the same image was pulled twice")
	}
	other := small(t, first, "LABEL new=1\n")
	call[protocol.Pushed](first, "image.push", protocol.ImagePush{Token: "p", Image: other, Reference: address + "/project:1"})
	if kept := call[protocol.ImagePulled](second, "image.pull", pull(address+"/project:1", "missing")); kept.Pulled {
		t.Error("policy missing pulled an image that was there")
	}
	if newer := call[protocol.ImagePulled](second, "image.pull", pull(address+"/project:1", "newer")); !newer.Pulled || newer.Facts.Id != other {
		t.Errorf("newer: %+v", newer)
	}
}

func TestALocalImageServesWhenTheRegistryIsGone(t *testing.T) {
	proxied, err := url.Parse("http://" + registry(t, ""))
	must(t, err)
	front := httptest.NewServer(httputil.NewSingleHostReverseProxy(proxied))
	reference := strings.TrimPrefix(front.URL, "http://") + "/project:1"
	e := opened(t, t.TempDir())
	call[protocol.Pushed](e, "image.push", protocol.ImagePush{Token: "p", Image: small(t, e, ""), Reference: reference})
	call[protocol.ImagePulled](e, "image.pull", pull(reference, "newer"))
	front.Close()
	got := call[protocol.ImagePulled](e, "image.pull", pull(reference, "newer"))
	if got.Pulled || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], reference) {
		t.Errorf("got %+v", got)
	}
	if missing := failure(e, "image.pull", pull(strings.Replace(reference, "project", "other", 1), "newer")); missing.Code != "REGISTRY_UNREACHABLE" {
		t.Errorf("an image that is not here: %+v", missing)
	}
}

func TestWhatIsNotInARegistryIsNotFound(t *testing.T) {
	e := opened(t, t.TempDir())
	if got := failure(e, "image.pull", pull(registry(t, "")+"/nothing:1", "newer")); got.Code != "REGISTRY_NOT_FOUND" {
		t.Errorf("got %+v", got)
	}
}

func TestCredentialsComeFromTheDockerConfigurationNamed(t *testing.T) {
	address := registry(t, "secret-word")
	home := t.TempDir()
	e := opened(t, home)
	push := protocol.ImagePush{Token: "p", Image: small(t, e, ""), Reference: address + "/project:1"}
	got := failure(e, "image.push", push)
	if got.Code != "REGISTRY_DENIED" || got.Hint == "" {
		t.Errorf("without credentials: %+v", got)
	}
	directory := t.TempDir()
	config := fmt.Sprintf(`{"auths":{%q:{"auth":"bWU6c2VjcmV0LXdvcmQ="}}}`, address)
	must(t, os.WriteFile(filepath.Join(directory, "config.json"), []byte(config), 0o600))
	settings := protocol.Settings{RunDirectory: e.run, RegistryMirrors: []string{}, DockerConfig: directory}
	call[protocol.Welcome](e, "hello", protocol.Hello{Protocol: protocol.Version, Version: version, Settings: settings})
	call[protocol.Pushed](e, "image.push", push)
}

func TestARegistryThatAsksForPatienceGetsIt(t *testing.T) {
	proxied, err := url.Parse("http://" + registry(t, ""))
	must(t, err)
	forward := httputil.NewSingleHostReverseProxy(proxied)
	var refused atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && refused.Add(1) <= 2 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	defer front.Close()
	e := opened(t, t.TempDir())
	reference := strings.TrimPrefix(front.URL, "http://") + "/project:1"
	call[protocol.Pushed](e, "image.push", protocol.ImagePush{Token: "p", Image: small(t, e, ""), Reference: reference})
	if refused.Load() != 3 {
		t.Errorf("%d attempts", refused.Load())
	}
}

func TestAMirrorServesInPlaceOfDockerHub(t *testing.T) {
	address := registry(t, "")
	e := opened(t, t.TempDir())
	id := small(t, e, "")
	call[protocol.Pushed](e, "image.push", protocol.ImagePush{Token: "p", Image: id, Reference: address + "/library/thing:1"})
	settings := protocol.Settings{RunDirectory: e.run, RegistryMirrors: []string{"http://" + address}}
	call[protocol.Welcome](e, "hello", protocol.Hello{Protocol: protocol.Version, Version: version, Settings: settings})
	got := call[protocol.ImagePulled](e, "image.pull", pull("thing:1", "missing"))
	if !got.Pulled || got.Facts.Id != id {
		t.Errorf("got %+v", got)
	}
	// Whether it is the newest is asked of the mirror too.
	got = call[protocol.ImagePulled](e, "image.pull", pull("thing:1", "newer"))
	if got.Pulled || got.Facts.Id != id || len(got.Warnings) > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestAnImageForAnotherPlatformIsRefusedNamingBoth(t *testing.T) {
	address := registry(t, "")
	e := opened(t, t.TempDir())
	call[protocol.Pushed](e, "image.push", protocol.ImagePush{Token: "p", Image: small(t, e, ""), Reference: address + "/project:1"})
	wanted := pull(address+"/project:1", "newer")
	wanted.Platform = "linux/s390x"
	got := failure(e, "image.pull", wanted)
	if got.Code != "PLATFORM_MISMATCH" || !strings.Contains(got.Message, "linux/s390x") || strings.Count(got.Message, "linux/") < 2 {
		t.Errorf("got %+v", got)
	}
}
