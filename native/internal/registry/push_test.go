package registry

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/storage"
	"go.podman.io/storage/pkg/reexec"
	"go.podman.io/storage/types"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

func TestMain(m *testing.M) {
	if reexec.Init() {
		return
	}
	os.Exit(m.Run())
}

// harbour is a store with a session of uploads.
type harbour struct {
	*Uploads
	t    *testing.T
	home string
}

func newHarbour(t *testing.T, compression string) *harbour {
	t.Helper()
	home := t.TempDir()
	s, err := store.OpenAt(types.StoreOptions{GraphRoot: home + "/graph", RunRoot: home + "/run"}, store.Wish{Asked: "vfs"})
	must(t, err)
	t.Cleanup(func() {
		must(t, s.Close())
		_, err := s.Shutdown(true)
		must(t, err)
	})
	chosen, err := layer.ParseCompression(compression)
	must(t, err)
	blobs, err := layer.NewBlobs(s.GraphRoot(), s.Owner(), chosen, 1<<30)
	must(t, err)
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	u := NewUploads(func() protocol.Settings { return settings }, s, blobs)
	u.rules = quickRules()
	t.Cleanup(u.Close)
	return &harbour{Uploads: u, t: t, home: home}
}

// image puts an image into the store: a layer for each text, Docker's types where asked for. It gives its id.
func (h *harbour) image(kind string, texts ...string) string {
	h.t.Helper()
	top, layers, diffIDs := "", []v1.Descriptor{}, []digest.Digest{}
	for i, text := range texts {
		content := tarWith(fmt.Sprintf("file-%d", i), text)
		made, _, err := h.store.PutLayer("", top, nil, "", false, nil, bytes.NewReader(content))
		must(h.t, err)
		top = made.ID
		diffIDs = append(diffIDs, digest.FromBytes(content))
		layers = append(layers, v1.Descriptor{MediaType: v1.MediaTypeImageLayer, Digest: diffIDs[i], Size: int64(len(content))})
	}
	configuration, err := json.Marshal(v1.Image{Platform: v1.Platform{OS: "linux", Architecture: "amd64"},
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs}})
	must(h.t, err)
	id := digest.FromBytes(append(configuration, kind...))
	config := v1.Descriptor{MediaType: v1.MediaTypeImageConfig, Digest: digest.FromBytes(configuration), Size: int64(len(configuration))}
	text, err := json.Marshal(v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: kind, Config: config, Layers: layers})
	must(h.t, err)
	_, err = h.store.CreateImage(id.Encoded(), nil, top, "{}", &storage.ImageOptions{BigData: []storage.ImageBigDataOption{
		{Key: config.Digest.String(), Data: configuration, Digest: config.Digest},
		{Key: storage.ImageDigestBigDataKey, Data: text, Digest: digest.FromBytes(text)},
	}})
	must(h.t, err)
	return "sha256:" + id.Encoded()
}

func tarWith(name, text string) []byte {
	var content bytes.Buffer
	writer := tar.NewWriter(&content)
	_ = writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
	_, _ = io.WriteString(writer, text)
	_ = writer.Close()
	return content.Bytes()
}

func (h *harbour) push(image, to string) protocol.Pushed {
	h.t.Helper()
	got, err := h.Push(h.t.Context(), image, to, &heard{})
	must(h.t, err)
	return got
}

// blobFiles lists the cached blobs.
func (h *harbour) blobFiles() []string {
	h.t.Helper()
	found, err := filepath.Glob(h.home + "/graph/slipway-blobs/*")
	must(h.t, err)
	var blobs []string
	for _, path := range found {
		if !strings.HasSuffix(path, ".json") {
			blobs = append(blobs, path)
		}
	}
	return blobs
}

// pulled is what comes of pulling an image into another store: its id.
func (h *harbour) pull(reference string) string {
	h.t.Helper()
	pulled, err := Pull{Store: h.store, Settings: h.settings(), Reference: reference, Policy: "newer", OS: "linux", Architecture: "amd64"}.
		Run(h.t.Context(), &heard{})
	must(h.t, err)
	return pulled.Image.ID
}

func TestAnImagePushedIsPulledTheSame(t *testing.T) {
	for kind, layerType := range map[string]string{
		v1.MediaTypeImageManifest:         v1.MediaTypeImageLayerGzip,
		manifest.DockerV2Schema2MediaType: manifest.DockerV2Schema2LayerMediaType,
	} {
		behind := newDistribution(t)
		f := newFront(t, behind, nil)
		var first protocol.Pushed
		for range 2 { // two stores: the same bytes
			h := newHarbour(t, "")
			got := h.push(h.image(kind, "one", strings.Repeat("two", 1<<20)), f.address+"/app:1")
			if first.Digest == "" {
				first = got
			}
			if got != first || got.MediaType != kind || got.Size == 0 {
				t.Errorf("pushed %+v, then %+v", first, got)
			}
		}
		if got := manifestOf(t, behind, "app", "1"); len(got.Layers) != 2 || got.Layers[1].MediaType != layerType {
			t.Errorf("manifest: %+v", got)
		}
		if f.seen[len(f.seen)-1] != "PUT /v2/app/manifests/1" || f.asked("PUT", "/blobs/") != 3 {
			t.Errorf("requests: %q", f.seen)
		}
		if id := newHarbour(t, "").pull(f.address + "/app:1"); id == "" {
			t.Error("nothing was pulled")
		}
	}
}

func manifestOf(t *testing.T, behind *distribution, repository, tag string) v1.Manifest {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+behind.address+"/v2/"+repository+"/manifests/"+tag, nil)
	must(t, err)
	request.Header.Set("Accept", v1.MediaTypeImageManifest+", "+manifest.DockerV2Schema2MediaType)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	var got v1.Manifest
	must(t, json.NewDecoder(response.Body).Decode(&got))
	return got
}

func TestAnImageWithoutLayersIsPushed(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	if got := h.push(h.image(v1.MediaTypeImageManifest), behind.address+"/empty"); got.Size != 0 || !behind.has("empty/manifests/latest") {
		t.Errorf("%+v", got)
	}
}

func TestDockersTypesKeepToGzip(t *testing.T) {
	h := newHarbour(t, "zstd")
	behind := newDistribution(t)
	h.push(h.image(v1.MediaTypeImageManifest, "text"), behind.address+"/app:oci")
	h.push(h.image(manifest.DockerV2Schema2MediaType, "text"), behind.address+"/app:docker")
	if got := manifestOf(t, behind, "app", "oci").Layers[0].MediaType; got != v1.MediaTypeImageLayerZstd {
		t.Errorf("got %s", got)
	}
	if got := manifestOf(t, behind, "app", "docker").Layers[0].MediaType; got != manifest.DockerV2Schema2LayerMediaType {
		t.Errorf("got %s", got)
	}
	newHarbour(t, "").pull(behind.address + "/app:docker")
}

func TestALayerThatWasPulledIsNotPackedAgain(t *testing.T) {
	behind := newDistribution(t)
	maker := newHarbour(t, "gzip:9")
	made := maker.push(maker.image(v1.MediaTypeImageManifest, "base"), behind.address+"/base:1")
	f := newFront(t, behind, nil)
	h := newHarbour(t, "gzip:1")
	id := h.pull(f.address + "/base:1")
	if got := h.push("sha256:"+id, f.address+"/other:1"); got.Digest != made.Digest {
		t.Errorf("the manifest changed: %+v, %+v", got, made)
	}
	if f.asked("PATCH", "") != 0 || f.asked("POST", "from=base") == 0 || len(h.blobFiles()) != 0 {
		t.Errorf("requests: %q", f.seen)
	}
	elsewhere := newDistribution(t)
	if got := h.push("sha256:"+id, elsewhere.address+"/other:1"); got.Size == 0 || len(h.blobFiles()) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestNoTagWithoutAllBlobs(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	f.handle = func(w http.ResponseWriter, r *http.Request) bool {
		refuse := r.Method == http.MethodPatch
		if refuse {
			w.WriteHeader(http.StatusForbidden)
		}
		return refuse
	}
	h := newHarbour(t, "")
	_, err := h.Push(t.Context(), h.image(v1.MediaTypeImageManifest, "one", randomText(t, 3<<20)), f.address+"/app:1", &heard{})
	if fault := faultOf(t, err); fault.Code != Denied || f.asked("PUT", "/manifests/") != 0 || behind.has("app/manifests/1") {
		t.Errorf("%+v; requests: %q", fault, f.seen)
	}
}

func randomText(t *testing.T, size int64) string {
	t.Helper()
	content, err := randomCargo(t, size).open()
	must(t, err)
	defer content.Close()
	text, err := io.ReadAll(content)
	must(t, err)
	return string(text)
}

func TestARegistryThatMissesBlobsGetsTheWholeImageAgain(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	h := newHarbour(t, "")
	image := h.image(v1.MediaTypeImageManifest, "one", "two")
	h.push(image, f.address+"/app:1")
	behind.stop() // the blobs go, the session believes them there
	must(t, os.RemoveAll(filepath.Join(filepath.Dir(behind.config), "data")))
	behind.start()
	told := &heard{}
	got, err := h.Push(t.Context(), image, f.address+"/app:2", told)
	must(t, err)
	if got.Size == 0 || !behind.has("app/manifests/2") || len(told.lines) != 1 || f.asked("PUT", "/manifests/2") != 2 {
		t.Errorf("%+v, %q, requests: %q", got, told.lines, f.seen)
	}
}

func TestABlobThatWentBadIsPackedAgain(t *testing.T) {
	behind := newDistribution(t)
	h := newHarbour(t, "")
	image := h.image(v1.MediaTypeImageManifest, randomText(t, 2<<20))
	h.push(image, behind.address+"/good:1")
	for _, spoil := range []func(string) error{os.Remove, func(path string) error {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		must(t, err)
		_, err = file.WriteAt([]byte("spoilt"), 1<<20)
		must(t, err)
		return file.Close()
	}} {
		other := newDistribution(t)
		must(t, spoil(h.blobFiles()[0]))
		h.push(image, other.address+"/app:1")
		newHarbour(t, "").pull(other.address + "/app:1")
	}
}

func TestEightImagesAtOnceShareTheirUploads(t *testing.T) {
	behind := newDistribution(t)
	var atOnce, most atomic.Int32
	f := newFront(t, behind, nil)
	f.handle = func(w http.ResponseWriter, r *http.Request) bool {
		now := atOnce.Add(1)
		defer atOnce.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		f.forward.ServeHTTP(w, r)
		return true
	}
	h := newHarbour(t, "")
	base := randomText(t, 5<<20)
	images := make([]string, 8)
	for i := range images {
		images[i] = h.image(v1.MediaTypeImageManifest, base, fmt.Sprint("image ", i))
	}
	err := together(t.Context(), len(images), func(ctx context.Context, i int) error {
		_, err := h.Push(ctx, images[i], fmt.Sprintf("%s/app:%d", f.address, i), &heard{})
		return err
	})
	must(t, err)
	for i := range images {
		if !behind.has(fmt.Sprintf("app/manifests/%d", i)) {
			t.Errorf("image %d is missing", i)
		}
	}
	if f.asked("PATCH", "") != 1 || f.asked("PUT", "/blobs/") != 1+8+8 || most.Load() > defaultParallelism {
		t.Errorf("%d at once; requests: %q", most.Load(), f.seen)
	}
}

func TestALayerStartedEarlyIsNotSentByThePush(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, nil)
	h := newHarbour(t, "")
	image := h.image(v1.MediaTypeImageManifest, randomText(t, 4<<20))
	found, err := readLocal(h.store, image)
	must(t, err)
	blob, err := h.blobs.Pack(t.Context(), h.store, found.layers[0].ID)
	must(t, err)
	h.Start(f.address+"/app", layer.Made{ID: found.layers[0].ID, DiffID: found.layers[0].diffID, Blob: blob})
	h.Start(f.address+"/app", layer.Made{DiffID: found.layers[0].diffID})
	h.Start("not a repository", layer.Made{Blob: blob})
	told := &heard{}
	_, err = h.Push(t.Context(), image, f.address+"/app:1", told)
	must(t, err)
	if f.asked("PATCH", "") != 1 || told.most < int(blob.Size) {
		t.Errorf("%d bytes told; requests: %q", told.most, f.seen)
	}
}

func TestWhatCannotBePushedIsSaidSo(t *testing.T) {
	h := newHarbour(t, "")
	image := h.image(v1.MediaTypeImageManifest, "x")
	for to, code := range map[string]string{
		"Not A Reference": ReferenceInvalid,
		"host.example/app@sha256:" + strings.Repeat("0", 64): ReferenceInvalid,
	} {
		_, err := h.Push(t.Context(), image, to, &heard{})
		if fault := faultOf(t, err); fault.Code != code {
			t.Errorf("%s: %+v", to, fault)
		}
	}
}
