package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

func TestARegistryThatRestartsGetsTheBlobStill(t *testing.T) {
	behind := newDistribution(t)
	load := randomCargo(t, 12<<20)
	var once atomic.Bool
	f := newFront(t, behind, nil)
	f.handle = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && once.CompareAndSwap(false, true) {
			behind.stop()
			time.AfterFunc(500*time.Millisecond, behind.start)
		}
		return false
	}
	must(t, send(t, newSession(t), f.address+"/app", load))
	if !behind.has("app/blobs/"+load.digest.String()) || !once.Load() {
		t.Error("the blob did not arrive")
	}
}

func TestARegistryThatGoesAwayForAMomentIsWaitedFor(t *testing.T) {
	behind := newDistribution(t)
	u := newSession(t)
	must(t, send(t, u, behind.address+"/app", cargoOfText([]byte("first"))))
	behind.stop()
	started := make(chan struct{})
	time.AfterFunc(400*time.Millisecond, func() { behind.start(); close(started) })
	must(t, send(t, u, behind.address+"/app", randomCargo(t, 3<<20)))
	<-started
}

func TestNobodyAtAnAddressIsFoundOutSoon(t *testing.T) {
	behind := newDistribution(t)
	behind.stop()
	begun := time.Now()
	fault := faultOf(t, send(t, newSession(t), behind.address+"/app", cargoOfText([]byte("x"))))
	if fault.Code != Unreachable || time.Since(begun) > 3*time.Second {
		t.Errorf("%+v after %s", fault, time.Since(begun))
	}
}

func TestSlowIsNotStalled(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) { f.perSecond = 2 << 20 })
	u := newSession(t)
	u.rules.patience = 800 * time.Millisecond
	begun := time.Now()
	must(t, send(t, u, f.address+"/app", randomCargo(t, 2<<20)))
	if f.asked("PATCH", "") != 1 || time.Since(begun) < time.Second {
		t.Errorf("%s, requests: %q", time.Since(begun), f.seen)
	}
}

func TestAConnectionThatStandsStillCountsAsCut(t *testing.T) {
	behind := newDistribution(t)
	var once atomic.Bool
	over := make(chan struct{})
	defer close(over)
	f := newFront(t, behind, func(f *front) {
		f.handle = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch && once.CompareAndSwap(false, true) {
				_, _ = r.Body.Read(make([]byte, 1000))
				<-over
				panic(http.ErrAbortHandler)
			}
			return false
		}
	})
	u := newSession(t)
	u.rules.patience = 800 * time.Millisecond
	load := randomCargo(t, 30<<20)
	must(t, send(t, u, f.address+"/app", load))
	if !behind.has("app/blobs/"+load.digest.String()) || !once.Load() {
		t.Error("the blob did not arrive")
	}
}

func TestAProxyThatPassesOnlyWhatIsWholeGetsPieces(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) {
		f.cutAfter = 6 << 20
		f.handle = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch {
				whole, err := io.ReadAll(r.Body)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				r.Body = io.NopCloser(bytes.NewReader(whole))
			}
			return false
		}
	})
	load := randomCargo(t, 20<<20)
	must(t, send(t, newSession(t), f.address+"/app", load))
	if !behind.has("app/blobs/"+load.digest.String()) || f.asked("POST", "") != 1 || f.cuts.Load() == 0 {
		t.Errorf("%d cuts; requests: %q", f.cuts.Load(), f.seen)
	}
}

func TestUploadsGoWhereTheRegistrySays(t *testing.T) {
	behind := newDistribution(t)
	elsewhere := newFront(t, behind, func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Authorization") != "" {
				t.Error("credentials went to another host")
			}
			return false
		}
	})
	for _, place := range []string{"", "http://" + elsewhere.address} {
		f := newFront(t, behind, nil)
		f.forward.ModifyResponse = func(r *http.Response) error {
			if at, err := r.Location(); err == nil {
				r.Header.Set("Location", place+at.RequestURI())
			}
			return nil
		}
		load := randomCargo(t, 3<<20)
		must(t, send(t, newSession(t), f.address+"/app", load))
		if !behind.has("app/blobs/" + load.digest.String()) {
			t.Errorf("%q: requests %q", place, f.seen)
		}
	}
	if elsewhere.asked("PUT", "") != 1 || elsewhere.asked("PATCH", "") != 1 {
		t.Errorf("requests: %q", elsewhere.seen)
	}
}

func TestAWrongDigestOfTheRegistryIsAnError(t *testing.T) {
	f := newFront(t, newDistribution(t), nil)
	f.forward.ModifyResponse = func(r *http.Response) error {
		if r.StatusCode == http.StatusCreated {
			r.Header.Set("Docker-Content-Digest", "sha256:"+strings.Repeat("0", 64))
		}
		return nil
	}
	fault := faultOf(t, send(t, newSession(t), f.address+"/app", randomCargo(t, 3<<20)))
	if fault.Code != Corrupt || f.asked("PUT", "") != 1 {
		t.Errorf("%+v", fault)
	}
}

// tokens guards a front as registries with token services do: every token serves so many requests.
func tokens(f *front, uses int32) (issued *atomic.Int32) {
	var left atomic.Int32
	issued = &atomic.Int32{}
	f.handle = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			user, password, _ := r.BasicAuth()
			if user != "me" || password != "secret" || !strings.Contains(r.URL.Query().Get("scope"), "push") {
				w.WriteHeader(http.StatusUnauthorized)
				return true
			}
			issued.Add(1)
			left.Store(uses)
			_ = json.NewEncoder(w).Encode(map[string]string{"token": "good"})
			return true
		}
		if r.Header.Get("Authorization") != "Bearer good" || left.Add(-1) < 0 {
			w.Header().Set("Www-Authenticate", `Bearer realm="http://`+r.Host+`/token",service="x",scope="repository:app:pull"`)
			w.WriteHeader(http.StatusUnauthorized)
			return true
		}
		return false
	}
	return issued
}

func TestATokenThatHasExpiredIsRenewed(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	issued := tokens(f, 2)
	directory := t.TempDir()
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: directory}
	u := NewUploads(func() protocol.Settings { return settings }, nil, nil)
	u.rules = quickRules()
	defer u.Close()
	load := randomCargo(t, 9<<20)
	if fault := faultOf(t, send(t, u, f.address+"/app", load)); fault.Code != Denied || fault.Hint == "" {
		t.Errorf("without credentials: %+v", fault)
	}
	config := `{"auths":{"` + f.address + `/app":{"auth":"bWU6c2VjcmV0"}}}`
	must(t, os.WriteFile(filepath.Join(directory, "config.json"), []byte(config), 0o600))
	must(t, send(t, u, f.address+"/app", load))
	// HEAD and POST with the first token; PATCH, asked before its body is sent, and PUT with the second.
	if issued.Load() != 2 || f.received.Load() > load.size+1<<20 || !behind.has("app/blobs/"+load.digest.String()) {
		t.Errorf("%d tokens, %d bytes: %q", issued.Load(), f.received.Load(), f.seen)
	}
}

func TestNothingGoesOnAfterCloseOrWithoutAnyoneWaiting(t *testing.T) {
	began, over := make(chan struct{}, 9), make(chan struct{}, 9)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			began <- struct{}{}
			<-r.Context().Done()
			over <- struct{}{}
		}
	}))
	defer server.Close()
	u := newSession(t)
	at := named(t, strings.TrimPrefix(server.URL, "http://")+"/app")
	ctx, cancel := context.WithCancel(t.Context())
	first, second := &heard{}, &heard{}
	load := cargoOfText([]byte("x"))
	one, err := u.deliver(at, load, first)
	must(t, err)
	two, err := u.deliver(at, load, second)
	must(t, err)
	<-began
	cancel()
	if err := one.await(ctx, first); !errors.Is(err, context.Canceled) || two.ended() {
		t.Errorf("got %v; the other ended: %v", err, two.ended())
	}
	if err := two.await(ctx, second); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	<-over
	sessions, err := u.deliver(at, load, nil)
	must(t, err)
	<-began
	u.Close()
	if !sessions.ended() || !errors.Is(sessions.err, context.Canceled) {
		t.Errorf("got %v", sessions.err)
	}
	<-over
	if _, err := u.deliver(at, load, nil); !errors.Is(err, errClosed) {
		t.Errorf("got %v", err)
	}
}

func TestSomethingOnTheWayMayNotKnowExpectations(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Header.Get("Expect") != "" {
				w.WriteHeader(http.StatusExpectationFailed)
			}
			return r.Header.Get("Expect") != ""
		}
	})
	load := randomCargo(t, 3<<20)
	must(t, send(t, newSession(t), f.address+"/app", load))
	if !behind.has("app/blobs/"+load.digest.String()) || f.asked("PATCH", "") != 2 {
		t.Errorf("requests: %q", f.seen)
	}
}

func TestHowLongARegistryWantsToBeLeftAlone(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-3": 0, "99999": mostRetryAfter, "soon": 0,
		"Thu, 01 Jan 2026 00:00:30 GMT": 30 * time.Second, "Wed, 31 Dec 2025 00:00:30 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}
