package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/protocol"
)

// Facts tells what a local image is; `found` is false when there is none.
func (s *Store) Facts(image string) (protocol.ImageFacts, error) {
	found, err := s.Find(image)
	if errors.Is(err, ErrNoImage) {
		return protocol.ImageFacts{}, nil
	}
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	return s.FactsOf(found)
}

// FactsOf tells what a local image is. `digest` stays empty: a manifest's digest exists in a registry alone.
func (s *Store) FactsOf(image *storage.Image) (protocol.ImageFacts, error) {
	manifest, err := s.Manifest(image)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	configuration, err := s.Configuration(image, manifest)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	facts, err := ReadConfiguration(configuration)
	if err != nil {
		return facts, fmt.Errorf("image %s: %w", image.ID, err)
	}
	facts.Id = "sha256:" + image.ID
	facts.MediaType = mediaType(manifest)
	facts.Size, err = s.layersSize(image.TopLayer)
	return facts, err
}

// layersSize adds up the layers from the top one down, as stored.
func (s *Store) layersSize(top string) (int, error) {
	total := int64(0)
	for id := top; id != ""; {
		layer, err := s.Layer(id)
		if err != nil {
			return 0, fmt.Errorf("reading layer %s: %w", id, err)
		}
		total += max(layer.UncompressedSize, 0)
		id = layer.Parent
	}
	return int(total), nil
}

// ReadConfiguration tells what the configuration of an image says, OCI's and Docker's alike. Identity, size and media
// type are not in it.
func ReadConfiguration(text []byte) (protocol.ImageFacts, error) {
	var configuration struct {
		v1.Image
		Config struct {
			v1.ImageConfig
			OnBuild []string `json:"OnBuild"`
		} `json:"config"`
	}
	if err := json.Unmarshal(text, &configuration); err != nil {
		return protocol.ImageFacts{}, fmt.Errorf("reading the configuration: %w", err)
	}
	config := configuration.Config
	facts := protocol.ImageFacts{
		Found:      true,
		Platform:   platform(configuration.OS, configuration.Architecture, configuration.Variant),
		Labels:     pairs(config.Labels),
		Env:        config.Env,
		OnBuild:    config.OnBuild,
		User:       config.User,
		WorkingDir: config.WorkingDir,
		Cmd:        config.Cmd,
		Entrypoint: config.Entrypoint,
	}
	if created := configuration.Created; created != nil {
		facts.Created = created.UTC().Format(time.RFC3339Nano)
	}
	for _, layer := range configuration.RootFS.DiffIDs {
		facts.DiffIds = append(facts.DiffIds, layer.String())
	}
	return facts, nil
}

func mediaType(manifest []byte) string {
	var described struct {
		MediaType string `json:"mediaType"`
	}
	if json.Unmarshal(manifest, &described) != nil || described.MediaType == "" {
		return v1.MediaTypeImageManifest
	}
	return described.MediaType
}

func platform(os, architecture, variant string) string {
	if variant == "" {
		return os + "/" + architecture
	}
	return os + "/" + architecture + "/" + variant
}

func pairs(labels map[string]string) []protocol.Pair {
	names := make([]string, 0, len(labels))
	for name := range labels {
		names = append(names, name)
	}
	slices.Sort(names)
	result := make([]protocol.Pair, 0, len(names))
	for _, name := range names {
		result = append(result, protocol.Pair{Name: name, Value: labels[name]})
	}
	return result
}
