package registry

import (
	"fmt"
	"net/http"
	"os"
	"testing"
)

func TestTwoGigabytesThroughConnectionsThatAreCut(t *testing.T) {
	if os.Getenv("SLIPWAY_SOAK") == "" {
		t.Skip("SLIPWAY_SOAK is not set")
	}
	t.Run("a registry that goes on", func(t *testing.T) { cutUpload(t, 2<<30, 300<<20) })
	t.Run("a registry that forgets", func(t *testing.T) { forgottenUpload(t, 2<<30, 300<<20) })
}

// The two benchmarks differ by what this room adds to a bare request.

func BenchmarkABlobByUs(b *testing.B) {
	to := newDistribution(b).address
	for b.Loop() {
		b.StopTimer()
		load := randomCargo(b, 512<<20)
		u := newSession(b)
		b.StartTimer()
		must(b, send(b, u, to+"/app", load))
	}
}

func BenchmarkABlobByABarePut(b *testing.B) {
	to := newDistribution(b).address
	for b.Loop() {
		b.StopTimer()
		load := randomCargo(b, 512<<20)
		b.StartTimer()
		begun, err := http.Post("http://"+to+"/v2/app/blobs/uploads/", "", nil)
		must(b, err)
		begun.Body.Close()
		body, err := load.open()
		must(b, err)
		put, err := http.NewRequest(http.MethodPut, fmt.Sprintf("%s&digest=%s", begun.Header.Get("Location"), load.digest), body)
		must(b, err)
		put.ContentLength = load.size
		done, err := http.DefaultClient.Do(put)
		must(b, err)
		done.Body.Close()
		if done.StatusCode != http.StatusCreated {
			b.Fatal(done.Status)
		}
	}
}
