package recipe

import (
	"encoding/json"
	"fmt"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/store"
)

// Reconfigure makes an image over the layers of another, with a configuration given as JSON. Nothing of the layers is read or
// written. Equal calls give equal images. The error is a *store.BadConfiguration where the text is none.
func Reconfigure(s *store.Store, image string, wanted []byte) (*storage.Image, error) {
	found, err := s.Find(image)
	if err != nil {
		return nil, err
	}
	read, err := readRecord(s, found)
	if err != nil {
		return nil, err
	}
	own, err := json.Marshal(read.configuration)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration of image %s: %w", image, err)
	}
	if read.configuration, _, err = store.Reconfigured(own, wanted); err != nil {
		return nil, err
	}
	if err := read.normalise(); err != nil {
		return nil, err
	}
	return read.write(s, store.CreatedAt(read.configuration))
}

// KeepRecord makes an image without layers, whose labels are a record. Equal labels give one image.
func KeepRecord(s *store.Store, labels map[string]string) (*storage.Image, error) {
	configuration, written, err := store.Record(labels)
	if err != nil {
		return nil, err
	}
	made := &record{}
	if err := json.Unmarshal(configuration, &made.configuration); err != nil {
		return nil, fmt.Errorf("writing a record: %w", err)
	}
	if made.manifest, err = fields(written); err != nil {
		return nil, err
	}
	return made.write(s, store.CreatedAt(made.configuration))
}
