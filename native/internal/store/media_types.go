package store

import (
	"slices"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/manifest"
)

// layerTypes are the names of one kind of layer. Docker's manifests know no zstd, but some say so.
var layerTypes = []struct {
	docker, oci string
	onlyToOCI   bool
}{
	{docker: manifest.DockerV2SchemaLayerMediaTypeUncompressed, oci: v1.MediaTypeImageLayer},
	{docker: manifest.DockerV2Schema2LayerMediaType, oci: v1.MediaTypeImageLayerGzip},
	{docker: manifest.DockerV2SchemaLayerMediaTypeZstd, oci: v1.MediaTypeImageLayerZstd, onlyToOCI: true},
}

// Retype gives a manifest Docker's media types, or OCI's. Where a layer has no such type, it stays as it is: the result is
// false then.
func Retype(written *v1.Manifest, toDocker bool) bool {
	layers := slices.Clone(written.Layers)
	for i := range layers {
		name, known := layerType(layers[i].MediaType, toDocker)
		if !known {
			return false
		}
		layers[i].MediaType = name
	}
	written.Layers = layers
	written.MediaType, written.Config.MediaType = v1.MediaTypeImageManifest, v1.MediaTypeImageConfig
	if toDocker {
		written.MediaType, written.Config.MediaType = manifest.DockerV2Schema2MediaType, manifest.DockerV2Schema2ConfigMediaType
	}
	return true
}

func layerType(name string, toDocker bool) (converted string, known bool) {
	for _, kind := range layerTypes {
		if name != kind.docker && name != kind.oci {
			continue
		}
		if toDocker {
			return kind.docker, !kind.onlyToOCI
		}
		return kind.oci, true
	}
	return "", false
}
