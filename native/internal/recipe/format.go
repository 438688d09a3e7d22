package recipe

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/manifest"
)

// onlyDocker are fields of an image's `config` that OCI has no place for.
var onlyDocker = []string{"Healthcheck", "Shell", "OnBuild"}

// cacheMark ends what the library writes into the history of an image whose file times it changed.
var cacheMark = regexp.MustCompile(`\s*\|clamp-mtime=\d+\s*$`)

// hostFields are fields of Docker's configuration that tell about the machine or the container it was made with.
var hostFields = []string{"container", "container_config", "docker_version", "id", "parent", "parent_id"}

// hostConfigFields are such fields inside `config`.
var hostConfigFields = []string{"Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty",
	"OpenStdin", "StdinOnce", "Image", "NetworkDisabled", "MacAddress", "PublishService"}

// normalise gives an image built in Docker's format its final form: nothing of the machine, and OCI's media types unless
// it holds what OCI has no field for.
func (r *record) normalise() error {
	config := map[string]json.RawMessage{}
	if text, present := r.configuration["config"]; present {
		if err := json.Unmarshal(text, &config); err != nil {
			return fmt.Errorf("reading a configuration: %w", err)
		}
	}
	for _, name := range hostFields {
		delete(r.configuration, name)
	}
	for _, name := range hostConfigFields {
		delete(config, name)
	}
	for name, value := range config {
		if slices.Contains([]string{"null", `""`, "[]", "{}"}, string(value)) {
			delete(config, name)
		}
	}
	if err := set(r.configuration, "config", config); err != nil {
		return err
	}
	delete(r.manifest, "annotations")
	if err := plainHistory(r.configuration); err != nil {
		return err
	}
	if slices.ContainsFunc(onlyDocker, func(name string) bool { return config[name] != nil }) {
		return nil
	}
	return r.toOCI()
}

// plainHistory takes the library's marks for its cache out of the history.
func plainHistory(configuration map[string]json.RawMessage) error {
	var history []map[string]json.RawMessage
	text, present := configuration["history"]
	if !present {
		return nil
	}
	if err := json.Unmarshal(text, &history); err != nil {
		return fmt.Errorf("reading a history: %w", err)
	}
	for _, entry := range history {
		var command string
		if json.Unmarshal(entry["created_by"], &command) != nil || !cacheMark.MatchString(command) {
			continue
		}
		if err := set(entry, "created_by", cacheMark.ReplaceAllString(command, "")); err != nil {
			return err
		}
	}
	return set(configuration, "history", history)
}

func (r *record) toOCI() error {
	var configuration v1.Descriptor
	var layers []v1.Descriptor
	if err := json.Unmarshal(r.manifest["config"], &configuration); err != nil {
		return fmt.Errorf("reading a manifest: %w", err)
	}
	if err := json.Unmarshal(r.manifest["layers"], &layers); err != nil {
		return fmt.Errorf("reading a manifest: %w", err)
	}
	configuration.MediaType = v1.MediaTypeImageConfig
	for i, layer := range layers {
		layers[i].MediaType = ociLayer(layer.MediaType)
	}
	if err := set(r.manifest, "config", configuration); err != nil {
		return err
	}
	if err := set(r.manifest, "layers", layers); err != nil {
		return err
	}
	return set(r.manifest, "mediaType", v1.MediaTypeImageManifest)
}

// ociLayer names OCI's type of a layer of Docker's.
func ociLayer(mediaType string) string {
	switch mediaType {
	case manifest.DockerV2SchemaLayerMediaTypeUncompressed:
		return v1.MediaTypeImageLayer
	case manifest.DockerV2Schema2LayerMediaType:
		return v1.MediaTypeImageLayerGzip
	}
	if strings.HasSuffix(mediaType, "zstd") {
		return v1.MediaTypeImageLayerZstd
	}
	return mediaType
}
