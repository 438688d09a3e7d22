package registry

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/manifest"
)

// indexAt reads an index as it is written.
func indexAt(t *testing.T, behind *distribution, tag string) (v1.Index, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+behind.address+"/v2/app/manifests/"+tag, nil)
	must(t, err)
	request.Header.Set("Accept", v1.MediaTypeImageIndex+", "+manifest.DockerV2ListMediaType)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	var got v1.Index
	must(t, json.Unmarshal(text, &got))
	return got, response.Header.Get("Docker-Content-Digest")
}

func TestAnIndexListsImagesOfItsRepository(t *testing.T) {
	for _, kinds := range [][3]string{
		{v1.MediaTypeImageManifest, v1.MediaTypeImageManifest, v1.MediaTypeImageIndex},
		{manifest.DockerV2Schema2MediaType, v1.MediaTypeImageManifest, v1.MediaTypeImageIndex},
		{manifest.DockerV2Schema2MediaType, manifest.DockerV2Schema2MediaType, manifest.DockerV2ListMediaType},
	} {
		h := newHarbour(t, "")
		behind := newDistribution(t)
		app := behind.address + "/app"
		one, two := h.push(h.image(kinds[0], "one"), app+":one"), h.push(h.image(kinds[1], "two"), app+":two")
		places := []Place{at(app + ":one"), {Reference: app + "@" + two.Digest, OS: "linux", Architecture: "arm", Variant: "v7"}}
		pushed, err := h.Index(t.Context(), app+":all", places, &heard{})
		must(t, err)
		got, digest := indexAt(t, behind, "all")
		if got.MediaType != kinds[2] || pushed.MediaType != kinds[2] || pushed.Digest != digest {
			t.Errorf("%v: %+v, %+v %s", kinds, pushed, got, digest)
		}
		if len(got.Manifests) != 2 || got.Manifests[0].Digest.String() != one.Digest || got.Manifests[1].Digest.String() != two.Digest ||
			got.Manifests[0].Platform.Architecture != "amd64" || got.Manifests[1].Platform.Variant != "v7" {
			t.Errorf("%v: %+v", kinds, got.Manifests)
		}
		// Other machines write the same, and get the image for their platform.
		other := newHarbour(t, "")
		again, err := other.Index(t.Context(), app+":again", places, &heard{})
		must(t, err)
		if again != pushed {
			t.Errorf("%+v, then %+v", pushed, again)
		}
		other.pull(app + ":all")
		other.reconfigure(app+":all", app+":free", platformless+`"config":{}}`)
		_, err = other.Index(t.Context(), app+":nested", []Place{at(app + ":all")}, &heard{})
		var fault *Fault
		if !errors.As(err, &fault) || fault.Code != Unpushable || behind.has("app/manifests/nested") {
			t.Errorf("%v", err)
		}
		_, err = other.Index(t.Context(), app+":gone", []Place{at(app + ":missing")}, &heard{})
		if !errors.As(err, &fault) || fault.Code != NotFound {
			t.Errorf("%v", err)
		}
	}
}

func TestAnImageForAnIndexGetsNoTag(t *testing.T) {
	h := newHarbour(t, "")
	behind := newDistribution(t)
	app := behind.address + "/app"
	h.push(h.image(v1.MediaTypeImageManifest, "one"), behind.address+"/from:1")
	got, err := h.ReconfigureUntagged(t.Context(), at(behind.address+"/from:1"), app+":all", []byte(platformless+`"config":{"Labels":{"a":"b"}}}`), &heard{})
	must(t, err)
	if behind.has("app/manifests/all") || !behind.has("app/manifests/"+got.Digest) {
		t.Errorf("%+v", got)
	}
	_, err = h.Index(t.Context(), app+":all", []Place{at(app + "@" + got.Digest)}, &heard{})
	must(t, err)
	newHarbour(t, "").pull(app + ":all")
}
