package recipe

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/store"
)

// record is an image as the store keeps it, without its layers: two JSON objects whose unknown fields stay as they are.
type record struct {
	topLayer      string
	manifest      map[string]json.RawMessage
	configuration map[string]json.RawMessage
}

// readRecord takes an image out of the store.
func readRecord(s *store.Store, image *storage.Image) (*record, error) {
	manifest, err := s.Manifest(image)
	if err != nil {
		return nil, err
	}
	configuration, err := s.Configuration(image, manifest)
	if err != nil {
		return nil, err
	}
	read := &record{topLayer: image.TopLayer}
	if err := json.Unmarshal(manifest, &read.manifest); err != nil {
		return nil, fmt.Errorf("reading the manifest of image %s: %w", image.ID, err)
	}
	if err := json.Unmarshal(configuration, &read.configuration); err != nil {
		return nil, fmt.Errorf("reading the configuration of image %s: %w", image.ID, err)
	}
	return read, nil
}

// write puts the image into the store, over the layers it came from. Equal records are one image.
func (r *record) write(s *store.Store, created time.Time) (*storage.Image, error) {
	configuration, err := json.Marshal(r.configuration)
	if err != nil {
		return nil, fmt.Errorf("writing a configuration: %w", err)
	}
	id := digest.FromBytes(configuration)
	manifest, err := r.manifestWith(id, len(configuration))
	if err != nil {
		return nil, err
	}
	manifestDigest := digest.FromBytes(manifest)
	options := &storage.ImageOptions{
		CreationDate: created,
		BigData: []storage.ImageBigDataOption{
			{Key: id.String(), Data: configuration, Digest: id},
			{Key: storage.ImageDigestManifestBigDataNamePrefix + "-" + manifestDigest.String(), Data: manifest, Digest: manifestDigest},
			{Key: storage.ImageDigestBigDataKey, Data: manifest, Digest: manifestDigest},
		},
	}
	image, err := s.CreateImage(id.Encoded(), nil, r.topLayer, "{}", options)
	if errors.Is(err, storage.ErrDuplicateID) {
		return s.Image(id.Encoded())
	}
	if err != nil {
		return nil, fmt.Errorf("adding an image to the store: %w", err)
	}
	return image, nil
}

func (r *record) manifestWith(configuration digest.Digest, size int) ([]byte, error) {
	var descriptor v1.Descriptor
	if err := json.Unmarshal(r.manifest["config"], &descriptor); err != nil {
		return nil, fmt.Errorf("reading a manifest: %w", err)
	}
	descriptor.Digest, descriptor.Size = configuration, int64(size)
	if err := set(r.manifest, "config", descriptor); err != nil {
		return nil, err
	}
	text, err := json.Marshal(r.manifest)
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return text, nil
}

// set replaces one field.
func set(object map[string]json.RawMessage, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("writing the field %s: %w", name, err)
	}
	object[name] = text
	return nil
}

// instant is how images write a time.
func instant(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
