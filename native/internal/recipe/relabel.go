package recipe

import (
	"encoding/json"
	"fmt"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/store"
)

// Relabel makes an image over the layers of another, with further labels and another time of creation. Nothing of the
// layers is read or written. Equal calls give equal images.
func Relabel(s *store.Store, image string, labels map[string]string, createdUnix int64) (*storage.Image, error) {
	found, err := s.Find(image)
	if err != nil {
		return nil, err
	}
	read, err := readRecord(s, found)
	if err != nil {
		return nil, err
	}
	if err := addLabels(read.configuration, labels); err != nil {
		return nil, fmt.Errorf("labelling image %s: %w", image, err)
	}
	created := instant(createdUnix)
	if err := set(read.configuration, "created", created); err != nil {
		return nil, err
	}
	return read.write(s, created)
}

func addLabels(configuration map[string]json.RawMessage, labels map[string]string) error {
	config := map[string]json.RawMessage{}
	if text, present := configuration["config"]; present {
		if err := json.Unmarshal(text, &config); err != nil {
			return fmt.Errorf("reading its configuration: %w", err)
		}
	}
	merged := map[string]string{}
	if text, present := config["Labels"]; present {
		if err := json.Unmarshal(text, &merged); err != nil {
			return fmt.Errorf("reading its labels: %w", err)
		}
	}
	if merged == nil {
		merged = map[string]string{}
	}
	for name, value := range labels {
		merged[name] = value
	}
	if err := set(config, "Labels", merged); err != nil {
		return err
	}
	return set(configuration, "config", config)
}
