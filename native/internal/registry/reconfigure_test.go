package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/manifest"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

const platformless = `{"architecture":"amd64","os":"linux",`

func at(reference string) Place {
	return Place{Reference: reference, OS: "linux", Architecture: "amd64"}
}

func (h *harbour) reconfigure(from, to, configuration string) protocol.Pushed {
	h.t.Helper()
	got, err := h.Reconfigure(h.t.Context(), at(from), to, []byte(configuration), &heard{})
	must(h.t, err)
	return got
}

func (h *harbour) configuration(of string) map[string]any {
	h.t.Helper()
	text, err := Configuration(h.t.Context(), h.settings(), at(of))
	must(h.t, err)
	var got map[string]any
	must(h.t, json.Unmarshal([]byte(text), &got))
	return got
}

func TestAnImageIsGivenAnotherConfigurationWithoutItsLayers(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	first := h.push(h.image(v1.MediaTypeImageManifest, "one", "two"), behind.address+"/app:1")
	f := newFront(t, behind, nil)
	wanted := platformless + `"config":{"Labels":{"a":"b"},"Env":["X=1"]},"rootfs":{"type":"layers","diff_ids":["sha256:0"]},` +
		`"history":[{"created_by":"me"}],"extra":[1]}`
	got := h.reconfigure(f.address+"/app:1", f.address+"/app:2", wanted)
	before, after := manifestOf(t, behind, "app", "1"), manifestOf(t, behind, "app", "2")
	if !slices.EqualFunc(before.Layers, after.Layers, func(a, b v1.Descriptor) bool { return a.Digest == b.Digest && a.MediaType == b.MediaType }) {
		t.Errorf("layers %+v became %+v", before.Layers, after.Layers)
	}
	if got.Digest == first.Digest || got.Size != first.Size || got.MediaType != v1.MediaTypeImageManifest {
		t.Errorf("%+v after %+v", got, first)
	}
	for _, layer := range before.Layers {
		if slices.ContainsFunc(f.seen, func(one string) bool { return strings.Contains(one, layer.Digest.String()) }) {
			t.Errorf("layer %s was asked for: %q", layer.Digest, f.seen)
		}
	}
	if f.asked("POST", "/blobs/uploads/") != 1 || f.seen[len(f.seen)-1] != "PUT /v2/app/manifests/2" {
		t.Errorf("requests: %q", f.seen)
	}
	read := h.configuration(f.address + "/app:2")
	if len(read["rootfs"].(map[string]any)["diff_ids"].([]any)) != 2 || len(read["history"].([]any)) != 2 || read["extra"] == nil {
		t.Errorf("configuration: %v", read)
	}
	// Another machine gets the same bytes, and the image can be pulled.
	if again := newHarbour(t, "").reconfigure(f.address+"/app:1", f.address+"/app:3", wanted); again != got {
		t.Errorf("%+v, then %+v", got, again)
	}
	newHarbour(t, "").pull(f.address + "/app:2")
}

func TestAConfigurationOfDockersFieldsGetsDockersTypes(t *testing.T) {
	behind := newDistribution(t)
	for compression, kinds := range map[string][2]string{
		"gzip": {manifest.DockerV2Schema2MediaType, manifest.DockerV2Schema2LayerMediaType},
		// Docker's manifests have no name for them.
		"zstd": {v1.MediaTypeImageManifest, v1.MediaTypeImageLayerZstd},
	} {
		h := newHarbour(t, compression)
		h.push(h.image(v1.MediaTypeImageManifest, "one"), behind.address+"/"+compression+":1")
		h.reconfigure(behind.address+"/"+compression+":1", behind.address+"/"+compression+":2",
			platformless+`"config":{"Healthcheck":{"Test":["NONE"]}}}`)
		if got := manifestOf(t, behind, compression, "2"); got.MediaType != kinds[0] || got.Layers[0].MediaType != kinds[1] {
			t.Errorf("%s: %+v", compression, got)
		}
		newHarbour(t, "").pull(behind.address + "/" + compression + ":2")
		h.reconfigure(behind.address+"/"+compression+":2", behind.address+"/"+compression+":3", platformless+`"config":{}}`)
		if got := manifestOf(t, behind, compression, "3"); got.MediaType != v1.MediaTypeImageManifest {
			t.Errorf("%s: %+v", compression, got)
		}
	}
}

func TestAConfigurationIsOfThePlatformAskedFor(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	h.push(h.image(v1.MediaTypeImageManifest, "amd"), behind.address+"/app:amd64")
	h.reconfigure(behind.address+"/app:amd64", behind.address+"/app:arm64", `{"architecture":"arm64","os":"linux"}`)
	var index v1.Index
	index.SchemaVersion, index.MediaType = 2, v1.MediaTypeImageIndex
	for _, architecture := range []string{"amd64", "arm64"} {
		text := manifestText(t, behind, "app", architecture)
		index.Manifests = append(index.Manifests, v1.Descriptor{MediaType: v1.MediaTypeImageManifest, Digest: digest.FromBytes(text),
			Size: int64(len(text)), Platform: &v1.Platform{OS: "linux", Architecture: architecture}})
	}
	text, err := json.Marshal(index)
	must(t, err)
	request, err := http.NewRequest(http.MethodPut, "http://"+behind.address+"/v2/app/manifests/all", bytes.NewReader(text))
	must(t, err)
	request.Header.Set("Content-Type", v1.MediaTypeImageIndex)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	response.Body.Close()
	for _, architecture := range []string{"amd64", "arm64"} {
		got, err := Configuration(t.Context(), h.settings(), Place{Reference: behind.address + "/app:all", OS: "linux", Architecture: architecture})
		must(t, err)
		if !strings.Contains(got, `"architecture":"`+architecture+`"`) {
			t.Errorf("%s: %s", architecture, got)
		}
	}
}

func manifestText(t *testing.T, behind *distribution, repository, tag string) []byte {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+behind.address+"/v2/"+repository+"/manifests/"+tag, nil)
	must(t, err)
	request.Header.Set("Accept", v1.MediaTypeImageManifest)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return text
}

func TestNoImageHasNoConfiguration(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	got, err := Configuration(t.Context(), h.settings(), at(behind.address+"/app:none"))
	if got != "" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	_, err = h.Reconfigure(t.Context(), at(behind.address+"/app:none"), behind.address+"/app:2", []byte("{}"), &heard{})
	if fault := faultOf(t, err); fault.Code != NotFound {
		t.Errorf("%+v", fault)
	}
}

func TestWhatCannotBeWrittenAnewIsRefused(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	h.push(h.image(v1.MediaTypeImageManifest, "one"), behind.address+"/app:1")
	for _, text := range []string{"", "[]", "null", `{"history":1}`, `{"config":1}`} {
		_, err := h.Reconfigure(t.Context(), at(behind.address+"/app:1"), behind.address+"/app:2", []byte(text), &heard{})
		var bad *store.BadConfiguration
		if !errors.As(err, &bad) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if behind.has("app/manifests/2") {
		t.Error("a tag was written")
	}
}

func TestWritingAnewOutlastsFaults(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	h.push(h.image(v1.MediaTypeImageManifest, "one"), behind.address+"/app:1")
	var failed atomic.Int32
	f := newFront(t, behind, func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || failed.Add(1) > 4 {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
	})
	h.reconfigure(f.address+"/app:1", f.address+"/app:2", "{}")
	if !behind.has("app/manifests/2") {
		t.Error("the tag was not written")
	}
}

func TestARecordIsAnImageWithoutLayers(t *testing.T) {
	behind := newDistribution(t)
	u := newSession(t)
	labels := map[string]string{"a": "b", "c": strings.Repeat("d", 5000)}
	first, err := u.Record(t.Context(), behind.address+"/app:record", labels, &heard{})
	must(t, err)
	again, err := newSession(t).Record(t.Context(), behind.address+"/app:again", labels, &heard{})
	must(t, err)
	if first != again || len(manifestOf(t, behind, "app", "record").Layers) != 0 {
		t.Errorf("%+v, %+v", first, again)
	}
	got, err := Describe(t.Context(), u.settings(), behind.address+"/app:record", "linux", "arm64", "")
	must(t, err)
	if len(got.Labels) != 2 || got.Labels[0] != (protocol.Pair{Name: "a", Value: "b"}) {
		t.Errorf("%+v", got)
	}
}

func TestARecordHasALayerWhereNoneIsRefused(t *testing.T) {
	behind := newDistribution(t)
	f := newFront(t, behind, func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			text, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(text))
			if !bytes.Contains(text, []byte(`"layers":[]`)) {
				return false
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"errors":[{"code":"MANIFEST_INVALID","message":"no layers"}]}`)
			return true
		}
	})
	u := newSession(t)
	_, err := u.Record(t.Context(), f.address+"/app:record", map[string]string{"a": "b"}, &heard{})
	must(t, err)
	got := manifestOf(t, behind, "app", "record")
	if len(got.Layers) != 1 || got.Layers[0].Digest != image.GzippedEmptyLayerDigest {
		t.Errorf("%+v", got)
	}
	read, err := Describe(t.Context(), u.settings(), f.address+"/app:record", "linux", "amd64", "")
	must(t, err)
	if len(read.Labels) != 1 {
		t.Errorf("%+v", read)
	}
	newHarbour(t, "").pull(f.address + "/app:record")
}
