package store

import (
	"encoding/json"
	"fmt"
	"time"

	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Record is an image without layers that only carries labels: its configuration and its manifest. It runs nowhere, so its
// platform is always the same. Layers may be given to please registries that want some: their diff ids.
func Record(labels map[string]string, diffIDs ...digest.Digest) (configuration []byte, written v1.Manifest, err error) {
	if diffIDs == nil {
		diffIDs = []digest.Digest{}
	}
	// In the order of their names, as fields of an image of the store are.
	configuration, err = json.Marshal(map[string]any{
		"created": time.Unix(0, 0).UTC(), "architecture": "amd64", "os": "linux",
		"config": map[string]any{"Labels": labels},
		"rootfs": v1.RootFS{Type: "layers", DiffIDs: diffIDs},
	})
	if err != nil {
		return nil, written, fmt.Errorf("writing a record: %w", err)
	}
	written = v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: v1.MediaTypeImageManifest,
		Config: v1.Descriptor{
			MediaType: v1.MediaTypeImageConfig, Digest: digest.FromBytes(configuration), Size: int64(len(configuration)),
		},
		Layers: []v1.Descriptor{},
	}
	return configuration, written, nil
}
