package registry

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// resuming makes a front take uploads itself, as registries do that go on with what was cut, and hand them on when whole.
func resuming(t testing.TB, behind *distribution) func(*front) {
	file, err := os.CreateTemp(t.TempDir(), "upload-*")
	must(t, err)
	t.Cleanup(func() { file.Close() })
	var mu sync.Mutex
	size := int64(0)
	take := func(w http.ResponseWriter, r *http.Request) (taken bool) {
		mu.Lock()
		defer mu.Unlock()
		if asked := r.Header.Get("Content-Range"); asked != "" && !strings.HasPrefix(asked, fmt.Sprintf("%d-", size)) {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return false
		}
		n, err := io.Copy(file, r.Body)
		size += n
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		return true
	}
	place := func(w http.ResponseWriter, status int) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Location", "upload-1?of=a+b")
		w.Header().Set("Range", fmt.Sprintf("0-%d", max(size-1, 0)))
		w.WriteHeader(status)
	}
	return func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/blobs/uploads/") {
				return false
			}
			switch r.Method {
			case http.MethodPost:
				must(t, file.Truncate(0))
				_, err := file.Seek(0, io.SeekStart)
				must(t, err)
				size = 0
				w.Header().Set("Location", r.URL.Path+"upload-1?of=a+b")
				w.WriteHeader(http.StatusAccepted)
			case http.MethodPatch:
				if take(w, r) {
					place(w, http.StatusAccepted)
				}
			case http.MethodGet:
				place(w, http.StatusNoContent)
			case http.MethodPut:
				if take(w, r) {
					handOn(t, behind, file, size, w, r)
				}
			}
			return true
		}
	}
}

func handOn(t testing.TB, behind *distribution, file *os.File, size int64, w http.ResponseWriter, r *http.Request) {
	repository, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/blobs/")
	begun, err := http.Post("http://"+behind.address+"/v2/"+repository+"/blobs/uploads/", "", nil)
	must(t, err)
	begun.Body.Close()
	_, err = file.Seek(0, io.SeekStart)
	must(t, err)
	to := begun.Header.Get("Location") + "&digest=" + r.URL.Query().Get("digest")
	put, err := http.NewRequest(http.MethodPut, to, io.NopCloser(file))
	must(t, err)
	put.ContentLength = size
	put.Header.Set("Content-Type", "application/octet-stream")
	done, err := http.DefaultClient.Do(put)
	must(t, err)
	done.Body.Close()
	w.WriteHeader(done.StatusCode)
}
