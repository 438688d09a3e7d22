package recipe

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/storage"
)

// Load reads an image of the store.
func (w *Workshop) Load(found *storage.Image) (Image, error) {
	text, err := w.Store.Manifest(found)
	if err != nil {
		return Image{}, err
	}
	configuration, err := w.Store.Configuration(found, text)
	if err != nil {
		return Image{}, err
	}
	image := Image{Layer: found.TopLayer}
	if err := json.Unmarshal(configuration, &image.Configuration); err != nil {
		return Image{}, fmt.Errorf("reading the configuration of image %s: %w", found.ID, err)
	}
	image.DiffIDs = slices.Clone(image.Configuration.RootFS.DiffIDs)
	return image, nil
}

// Save puts an image into the store, without a name. Equal images are one.
func (w *Workshop) Save(image Image, created time.Time) (*storage.Image, error) {
	made := image.Configuration
	created = created.UTC()
	made.Created = &created
	made.RootFS = v1.RootFS{Type: "layers", DiffIDs: image.DiffIDs}
	if made.RootFS.DiffIDs == nil {
		made.RootFS.DiffIDs = []digest.Digest{}
	}
	layers, err := w.descriptors(image)
	if err != nil {
		return nil, err
	}
	record := &record{topLayer: image.Layer}
	if record.configuration, err = fields(made); err != nil {
		return nil, err
	}
	record.manifest, err = fields(v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: manifest.DockerV2Schema2MediaType,
		Config:    v1.Descriptor{MediaType: manifest.DockerV2Schema2ConfigMediaType},
		Layers:    layers,
	})
	if err != nil {
		return nil, err
	}
	if err := record.normalise(); err != nil {
		return nil, err
	}
	return record.write(w.Store, created)
}

// descriptors lists the layers of an image as they are in the store, the lowest first.
func (w *Workshop) descriptors(image Image) ([]v1.Descriptor, error) {
	layers := []v1.Descriptor{}
	for id := image.Layer; id != ""; {
		found, err := w.Store.Layer(id)
		if err != nil {
			return nil, fmt.Errorf("reading layer %s: %w", id, err)
		}
		layers = append(layers, v1.Descriptor{
			MediaType: manifest.DockerV2SchemaLayerMediaTypeUncompressed, Digest: found.UncompressedDigest, Size: found.UncompressedSize,
		})
		id = found.Parent
	}
	slices.Reverse(layers)
	same := slices.EqualFunc(layers, image.DiffIDs, func(layer v1.Descriptor, diffID digest.Digest) bool { return layer.Digest == diffID })
	if !same {
		return nil, fmt.Errorf("the layers below %s are not those of the image", image.Layer)
	}
	return layers, nil
}

// fields takes an object apart into its fields as they are written.
func fields(object any) (map[string]json.RawMessage, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("writing an image: %w", err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		return nil, fmt.Errorf("writing an image: %w", err)
	}
	return parts, nil
}
