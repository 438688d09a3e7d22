package layer

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/storage"
)

func blobsIn(t *testing.T, root, owner string, limit int64) *Blobs {
	t.Helper()
	blobs, err := NewBlobs(root, owner, Compression{Algorithm: "gzip", Level: 1}, limit)
	if err != nil {
		t.Fatal(err)
	}
	return blobs
}

// kept puts a text into the cache.
func kept(t *testing.T, blobs *Blobs, text []byte) Blob {
	t.Helper()
	writer, err := blobs.begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(text); err != nil {
		t.Fatal(err)
	}
	blob, err := writer.finish(digest.FromBytes(text))
	if err != nil {
		t.Fatal(err)
	}
	return blob
}

// noise does not become smaller by compression.
func noise(seed uint64, size int) []byte {
	random, text := rand.New(rand.NewPCG(seed, 0)), make([]byte, size)
	for i := range text {
		text[i] = byte(random.UintN(256))
	}
	return text
}

func TestABlobIsFoundAsItWasKept(t *testing.T) {
	root := t.TempDir()
	blobs, text := blobsIn(t, root, "me", 1<<30), []byte("a layer")
	blob := kept(t, blobs, text)
	found, known := blobsIn(t, root, "another", 1<<30).Find(blob.DiffID)
	if !known || found != blob {
		t.Fatalf("got %+v %v, wanted %+v", found, known, blob)
	}
	file, err := blobs.Open(found)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	compressed, err := io.ReadAll(file)
	if err != nil || digest.FromBytes(compressed) != blob.Digest || int64(len(compressed)) != blob.Size {
		t.Errorf("the bytes are not those that the blob says: %v", err)
	}
	plain, err := blobs.compression.Reader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(plain); err != nil || !bytes.Equal(got, text) {
		t.Errorf("got %q %v", got, err)
	}
	blobs.Drop(blob.DiffID)
	if _, known := blobs.Find(blob.DiffID); known {
		t.Error("it is found after it was dropped")
	}
}

func TestABlobThatIsNotWholeIsNotFound(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"without its description": func(path string) error { return os.Remove(path + described) },
		"without its bytes":       os.Remove,
		"cut off":                 func(path string) error { return os.Truncate(path, 3) },
		"longer":                  func(path string) error { return os.Truncate(path, 1000) },
		"a description cut off":   func(path string) error { return os.Truncate(path+described, 10) },
		"a description of another": func(path string) error {
			return os.WriteFile(path+described, []byte(`{"diffId":"sha256:`+strings.Repeat("0", 64)+`"}`), 0o600)
		},
	} {
		blobs := blobsIn(t, t.TempDir(), "me", 1<<30)
		blob := kept(t, blobs, []byte("a layer"))
		if err := spoil(blobs.path(blob.DiffID)); err != nil {
			t.Fatal(err)
		}
		if found, known := blobs.Find(blob.DiffID); known {
			t.Errorf("%s: found %+v", name, found)
		}
		if again := kept(t, blobs, []byte("a layer")); again != blob {
			t.Errorf("%s: made again it is %+v, wanted %+v", name, again, blob)
		}
		if _, known := blobs.Find(blob.DiffID); !known {
			t.Errorf("%s: made again and not found", name)
		}
	}
}

func TestTheBlobsThatWereUsedLongestAgoGo(t *testing.T) {
	blobs := blobsIn(t, t.TempDir(), "me", 35_000)
	var all []Blob
	for i := range uint64(3) {
		blob := kept(t, blobs, noise(i, 10_000))
		then := time.Now().Add(time.Duration(i)*time.Minute - time.Hour)
		if err := os.Chtimes(blobs.path(blob.DiffID), then, then); err != nil {
			t.Fatal(err)
		}
		all = append(all, blob)
	}
	if _, known := blobs.Find(all[0].DiffID); !known {
		t.Fatal("the first is not there")
	}
	all = append(all, kept(t, blobs, noise(9, 10_000)))
	var left []int
	for i, blob := range all {
		if _, known := blobs.Find(blob.DiffID); known {
			left = append(left, i)
		}
	}
	if !slices.Equal(left, []int{0, 2, 3}) {
		t.Errorf("%v are left", left)
	}
	entries, err := os.ReadDir(blobs.directory)
	if err != nil || len(entries) != 6 {
		t.Errorf("the directory holds %v (%v)", entries, err)
	}
}

func TestWhatADeadProcessLeftIsSweptAndNothingElse(t *testing.T) {
	root := t.TempDir()
	mine, dead, other := blobsIn(t, root, "me", 1<<30), blobsIn(t, root, "dead", 1<<30), blobsIn(t, root, "other", 1<<30)
	blob := kept(t, dead, []byte("whole"))
	for _, blobs := range []*Blobs{mine, dead, other} {
		writer, err := blobs.begin()
		if err != nil {
			t.Fatal(err)
		}
		defer writer.abandon()
	}
	mine.Sweep(func(owner string) bool { return owner == "other" })
	entries, err := os.ReadDir(mine.directory)
	if err != nil {
		t.Fatal(err)
	}
	var unfinished []string
	for _, entry := range entries {
		if owner, _, _ := strings.Cut(entry.Name(), "-"); strings.HasPrefix(owner, ".") {
			unfinished = append(unfinished, owner)
		}
	}
	if !slices.Equal(unfinished, []string{".me", ".other"}) {
		t.Errorf("%q are left", unfinished)
	}
	if _, known := mine.Find(blob.DiffID); !known {
		t.Error("a whole blob of a dead process was removed")
	}
}

func TestEqualBlobsMayBeFinishedAtOnce(t *testing.T) {
	root := t.TempDir()
	text := noise(1, 200_000)
	var all sync.WaitGroup
	results := make([]Blob, 8)
	for i := range results {
		all.Go(func() { results[i] = kept(t, blobsIn(t, root, "me", 1<<30), text) })
	}
	all.Wait()
	blobs := blobsIn(t, root, "me", 1<<30)
	for _, result := range results {
		if found, known := blobs.Find(result.DiffID); !known || found != results[0] {
			t.Errorf("got %+v %v, wanted %+v", found, known, results[0])
		}
	}
	if entries, err := os.ReadDir(blobs.directory); err != nil || len(entries) != 2 {
		t.Errorf("the directory holds %v (%v)", entries, err)
	}
}

func TestAWishForCompressionIsReadOrRefusedWithASentence(t *testing.T) {
	for text, want := range map[string]string{"": "gzip-2", "gzip": "gzip-2", "zstd": "zstd-3", "gzip:9": "gzip-9", "zstd:22": "zstd-22"} {
		if got, err := ParseCompression(text); err != nil || got.String() != want {
			t.Errorf("%q: got %v %v", text, got, err)
		}
	}
	for _, text := range []string{"xz", "gzip:0", "gzip:10", "zstd:23", "zstd:", "gzip:x", "gzip:-1", ":3x", "gzip:1:2"} {
		_, err := ParseCompression(text)
		if err == nil || !strings.HasPrefix(err.Error(), "SLIPWAY_COMPRESSION="+text+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestCompressedBytesDoNotDependOnTheNumberOfProcessors(t *testing.T) {
	text := append(noise(1, 3<<20), bytes.Repeat([]byte("again and again "), 200_000)...)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, compression := range []Compression{{"gzip", 2}, {"gzip", 9}, {"zstd", 3}, {"zstd", 12}} {
		made := map[digest.Digest]bool{}
		for _, processors := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(processors)
			for _, piece := range []int{1 << 20, 99_991} {
				var compressed bytes.Buffer
				writer, err := compression.Writer(&compressed)
				if err != nil {
					t.Fatal(err)
				}
				for rest := text; len(rest) > 0; {
					n, err := writer.Write(rest[:min(piece, len(rest))])
					if err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if err := writer.Close(); err != nil {
					t.Fatal(err)
				}
				made[digest.FromBytes(compressed.Bytes())] = true
				plain, err := compression.Reader(&compressed)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(plain); err != nil || !bytes.Equal(got, text) {
					t.Errorf("%v: what is read is not what was written: %v", compression, err)
				}
			}
		}
		if len(made) != 1 {
			t.Errorf("%v gives %d results", compression, len(made))
		}
	}
}

// oneLayer is a store of one layer.
type oneLayer struct {
	tar    []byte
	diffID digest.Digest
}

func (o oneLayer) Diff(string, string, *storage.DiffOptions) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(o.tar)), nil
}

func (o oneLayer) Layer(id string) (*storage.Layer, error) {
	return &storage.Layer{ID: id, UncompressedDigest: o.diffID}, nil
}

func TestALayerIsPackedAgainToTheSameBlob(t *testing.T) {
	blobs := blobsIn(t, t.TempDir(), "me", 1<<30)
	text := tarOf(t, file("a", "1", nil), file("b", string(noise(1, 1<<20)), nil)).Bytes()
	pulled := oneLayer{text, digest.FromBytes(text)}
	first, err := blobs.Pack(t.Context(), pulled, "id")
	if err != nil {
		t.Fatal(err)
	}
	blobs.Drop(first.DiffID)
	if again, err := blobs.Pack(t.Context(), pulled, "id"); err != nil || again != first {
		t.Errorf("got %+v %v, wanted %+v", again, err, first)
	}
}

func TestADamagedLayerIsNotPacked(t *testing.T) {
	blobs := blobsIn(t, t.TempDir(), "me", 1<<30)
	_, err := blobs.Pack(t.Context(), oneLayer{[]byte("other"), digest.FromString("layer")}, "id")
	if err == nil || !strings.Contains(err.Error(), "layer id of the store is damaged") {
		t.Errorf("got %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := blobs.Pack(ended, oneLayer{[]byte("layer"), digest.FromString("layer")}, "id"); err != context.Canceled {
		t.Errorf("cancelled: got %v", err)
	}
	if left, err := filepath.Glob(blobs.directory + "/.*"); err != nil || len(left) > 0 {
		t.Errorf("%v are left (%v)", left, err)
	}
}
