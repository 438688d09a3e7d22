package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker/reference"

	"slipway.dev/engine/internal/protocol"
)

// heard is what a push told.
type heard struct {
	mu    sync.Mutex
	lines []string
	most  int
}

// Bytes notes how far it went.
func (h *heard) Bytes(_ string, done, _ int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.most = max(h.most, done)
}

// Log notes a line.
func (h *heard) Log(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, line)
}

func quickRules() rules {
	r := usualRules()
	r.schedule = schedule{attempts: 10, looks: 3, pause: 30 * time.Millisecond, lookPause: 30 * time.Millisecond}
	r.patience, r.sealing = 10*time.Second, 10*time.Second
	return r
}

func newSession(t testing.TB) *Uploads {
	t.Helper()
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	u := NewUploads(func() protocol.Settings { return settings }, nil, nil)
	u.rules = quickRules()
	t.Cleanup(u.Close)
	return u
}

// randomCargo is a file of so many bytes.
func randomCargo(t testing.TB, size int64) cargo {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blob")
	file, err := os.Create(path)
	must(t, err)
	hash := sha256.New()
	seed := make([]byte, 1<<20)
	_, err = rand.Read(seed)
	must(t, err)
	for left := size; left > 0; left -= int64(len(seed)) {
		seed[0]++
		_, err = io.MultiWriter(file, hash).Write(seed[:min(left, int64(len(seed)))])
		must(t, err)
	}
	must(t, file.Close())
	open := func() (io.ReadSeekCloser, error) { return os.Open(path) }
	return cargo{digest: digest.NewDigest(digest.SHA256, hash), size: size, open: open}
}

func named(t testing.TB, text string) reference.Named {
	t.Helper()
	parsed, err := reference.ParseNormalizedNamed(text)
	must(t, err)
	return parsed
}

func send(t testing.TB, u *Uploads, to string, load cargo) error {
	t.Helper()
	waiter := &heard{}
	d, err := u.deliver(named(t, to), load, waiter)
	must(t, err)
	return d.await(t.Context(), waiter)
}

func faultOf(t testing.TB, err error) *Fault {
	t.Helper()
	var fault *Fault
	if !errors.As(err, &fault) {
		t.Fatalf("not a fault: %v", err)
	}
	return fault
}

func TestABlobIsSentOnceForAllWhoWantIt(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	u := newSession(t)
	for _, load := range []cargo{randomCargo(t, 5<<20), randomCargo(t, 1000), cargoOfText(nil)} {
		err := together(t.Context(), 8, func(context.Context, int) error { return send(t, u, f.address+"/app", load) })
		must(t, err)
		if !behind.has("app/blobs/" + load.digest.String()) {
			t.Errorf("%d bytes did not arrive", load.size)
		}
		if asked := f.asked("HEAD", load.digest.String()); asked != 1 {
			t.Errorf("asked %d times", asked)
		}
	}
	if f.asked("POST", "") != 3 || f.asked("PATCH", "") != 1 {
		t.Errorf("requests: %q", f.seen)
	}
	must(t, send(t, newSession(t), f.address+"/app", randomCargo(t, 2<<20)))
}

func TestABlobThatIsThereIsNotSent(t *testing.T) {
	behind := newDistribution(t)
	load := randomCargo(t, 3<<20)
	must(t, send(t, newSession(t), behind.address+"/app", load))
	f := newFront(t, behind, nil)
	must(t, send(t, newSession(t), f.address+"/app", load))
	if f.asked("HEAD", "/blobs/") != 1 || f.asked("POST", "") != 0 {
		t.Errorf("requests: %q", f.seen)
	}
}

func TestABlobIsMountedFromAnotherRepository(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	u := newSession(t)
	load := randomCargo(t, 3<<20)
	must(t, send(t, u, f.address+"/one", load))
	must(t, send(t, u, f.address+"/two", load)) // the session knows of /one
	known := cargo{digest: load.digest, size: load.size, sources: []string{"nowhere", "one"}}
	must(t, send(t, newSession(t), f.address+"/three", known))
	if f.asked("PATCH", "") != 1 || !behind.has("two/blobs/"+load.digest.String()) || !behind.has("three/blobs/"+load.digest.String()) {
		t.Errorf("requests: %q", f.seen)
	}
	unknown := cargo{digest: digest.FromString("x"), size: 1, sources: []string{"one"}}
	if err := send(t, u, f.address+"/three", unknown); !errors.Is(err, errAbsent) {
		t.Errorf("got %v", err)
	}
}

func TestAnUploadGoesOnWhereItWasCut(t *testing.T) {
	cutUpload(t, 40<<20, 6<<20)
}

// cutUpload uploads through connections that are cut every so many bytes, to a registry that keeps what it got.
func cutUpload(t *testing.T, size, every int64) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) {
		resuming(t, behind)(f)
		f.cutAfter, f.together = every, true
	})
	load := randomCargo(t, size)
	begun := time.Now()
	must(t, send(t, newSession(t), f.address+"/app", load))
	taken := time.Since(begun)
	t.Logf("%d MB, %d cuts, %d MB sent, %s", size>>20, f.cuts.Load(), f.received.Load()>>20, taken)
	if !behind.has("app/blobs/" + load.digest.String()) {
		t.Error("the blob did not arrive")
	}
	if f.cuts.Load() < size/every-1 {
		t.Errorf("only %d cuts", f.cuts.Load())
	}
	if again := f.received.Load() - size; again > 1<<20 {
		t.Errorf("%d bytes were sent again", again)
	}
	if pauses := time.Duration(f.cuts.Load()) * 2 * time.Second; taken > pauses+time.Duration(size>>20)*20*time.Millisecond {
		t.Errorf("it took %s", taken)
	}
}

func TestARegistryThatForgetsWhatWasCutGetsPieces(t *testing.T) {
	forgottenUpload(t, 40<<20, 6<<20)
}

// forgottenUpload does the same with a registry that does not go on, where each connection is cut after so many bytes.
func forgottenUpload(t *testing.T, size, every int64) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) { f.cutAfter = every })
	load := randomCargo(t, size)
	begun := time.Now()
	must(t, send(t, newSession(t), f.address+"/app", load))
	t.Logf("%d MB, %d cuts, %d MB sent, %s", size>>20, f.cuts.Load(), f.received.Load()>>20, time.Since(begun))
	if !behind.has("app/blobs/" + load.digest.String()) {
		t.Error("the blob did not arrive")
	}
	if f.cuts.Load() == 0 || f.received.Load() > size+4*every {
		t.Errorf("%d cuts, %d bytes sent for %d", f.cuts.Load(), f.received.Load(), size)
	}
}

func TestBusyAndFailingRegistriesAreAskedAgain(t *testing.T) {
	for _, c := range []struct {
		status  int
		after   string
		atLeast time.Duration
	}{{429, "1", 2 * time.Second}, {500, "", 0}, {503, "", 0}} {
		for _, method := range []string{"HEAD", "POST", "PATCH", "PUT"} {
			t.Run(fmt.Sprint(method, c.status), func(t *testing.T) {
				t.Parallel()
				var left atomic.Int32
				left.Store(2)
				behind := newDistribution(t)
				f := newFront(t, behind, func(f *front) {
					f.handle = func(w http.ResponseWriter, r *http.Request) bool {
						if r.Method != method || left.Add(-1) < 0 {
							return false
						}
						w.Header().Set("Retry-After", c.after)
						w.WriteHeader(c.status)
						return true
					}
				})
				load := randomCargo(t, 3<<20)
				begun := time.Now()
				must(t, send(t, newSession(t), f.address+"/app", load))
				if !behind.has("app/blobs/"+load.digest.String()) || left.Load() >= 0 {
					t.Error("the blob did not arrive")
				}
				if taken := time.Since(begun); taken < c.atLeast {
					t.Errorf("it was not patient: %s", taken)
				}
			})
		}
	}
}

func TestWhatIsRefusedIsNotTriedAgain(t *testing.T) {
	for status, code := range map[int]string{401: Denied, 403: Denied, 404: NotFound, 405: Rejected} {
		f := newFront(t, newDistribution(t), func(f *front) {
			f.handle = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPost {
					w.WriteHeader(status)
				}
				return r.Method == http.MethodPost
			}
		})
		fault := faultOf(t, send(t, newSession(t), f.address+"/app", randomCargo(t, 2<<20)))
		if fault.Code != code || fault.Hint == "" || f.asked("POST", "") != 1 {
			t.Errorf("%d: %+v, %q", status, fault, f.seen)
		}
	}
}

func TestALimitOfRequestsIsStayedBelow(t *testing.T) {
	limit := int64(3 << 20)
	limited := func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if r.ContentLength > limit {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			}
			return r.ContentLength > limit
		}
	}
	behind := newDistribution(t)
	f := newFront(t, behind, limited)
	u := newSession(t)
	u.rules.pieces = []int64{8 << 20, 2 << 20}
	load := randomCargo(t, 20<<20)
	must(t, send(t, u, f.address+"/app", load))
	if !behind.has("app/blobs/"+load.digest.String()) || f.received.Load() > load.size+1<<20 {
		t.Errorf("%d bytes were sent: %q", f.received.Load(), f.seen)
	}
	limit = 1 << 20
	other := randomCargo(t, 20<<20)
	fault := faultOf(t, send(t, u, f.address+"/app", other))
	if fault.Code != TooLarge || !strings.Contains(fault.Message, "20 MiB") || !strings.Contains(fault.Hint, "limit") {
		t.Errorf("%+v", fault)
	}
	if f.received.Load() > load.size+2<<20 {
		t.Errorf("a body was sent in vain: %d", f.received.Load())
	}
}

func TestALostAnswerIsNoLostBlob(t *testing.T) {
	var lose atomic.Int32
	lose.Store(1)
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	f.handle = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && lose.Add(-1) >= 0 {
			f.forward.ServeHTTP(&unheard{w}, r)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	load := randomCargo(t, 5<<20)
	must(t, send(t, newSession(t), f.address+"/app", load))
	if f.asked("PATCH", "") != 1 || f.asked("PUT", "") != 1 || !behind.has("app/blobs/"+load.digest.String()) {
		t.Errorf("requests: %q", f.seen)
	}
}

// unheard loses an answer.
type unheard struct{ http.ResponseWriter }

// Write loses a body.
func (unheard) Write(data []byte) (int, error) { return len(data), nil }

// WriteHeader loses a status.
func (unheard) WriteHeader(int) {}
