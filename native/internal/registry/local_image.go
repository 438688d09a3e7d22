package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/store"
)

// local is an image of the store, as far as a push needs it.
type local struct {
	// text is the manifest as it is here, and manifest what it says.
	text          []byte
	manifest      v1.Manifest
	configuration []byte
	// layers, the lowest first.
	layers []localLayer
	names  func() map[string][]reference.Named
}

// localLayer is a layer of the store that an image's configuration lists as diffID.
type localLayer struct {
	storage.Layer
	diffID digest.Digest
}

func readLocal(s *store.Store, image string) (local, error) {
	found, err := s.Find(image)
	if err != nil {
		return local{}, err
	}
	l := local{names: sync.OnceValue(func() map[string][]reference.Named { return namesOfLayers(s) })}
	if l.text, err = s.Manifest(found); err != nil {
		return local{}, err
	}
	if l.configuration, err = s.Configuration(found, l.text); err != nil {
		return local{}, err
	}
	kind := manifest.GuessMIMEType(l.text)
	if kind != v1.MediaTypeImageManifest && kind != manifest.DockerV2Schema2MediaType {
		return local{}, &Fault{Code: Unpushable,
			Message: fmt.Sprintf("image %s has a manifest of type %q, which cannot be pushed", image, kind)}
	}
	if err := json.Unmarshal(l.text, &l.manifest); err != nil {
		return local{}, fmt.Errorf("reading the manifest of image %s: %w", image, err)
	}
	l.manifest.MediaType = kind
	var config struct {
		RootFS v1.RootFS `json:"rootfs"`
	}
	if err := json.Unmarshal(l.configuration, &config); err != nil {
		return local{}, fmt.Errorf("reading the configuration of image %s: %w", image, err)
	}
	l.layers, err = layersOf(s, found, config.RootFS.DiffIDs)
	return l, err
}

// layersOf finds the layers below an image's top layer, and compares them with the list in its configuration.
func layersOf(s *store.Store, image *storage.Image, diffIDs []digest.Digest) ([]localLayer, error) {
	layers := make([]localLayer, 0, len(diffIDs))
	for id := image.TopLayer; id != ""; {
		found, err := s.Layer(id)
		if err != nil {
			return nil, fmt.Errorf("reading layer %s: %w", id, err)
		}
		layers = append(layers, localLayer{Layer: *found})
		id = found.Parent
	}
	slices.Reverse(layers)
	if len(layers) != len(diffIDs) {
		return nil, &Fault{Code: Unpushable, Message: fmt.Sprintf("image %s has %d layers, but its configuration lists %d",
			image.ID, len(layers), len(diffIDs))}
	}
	for i, diffID := range diffIDs {
		if known := layers[i].UncompressedDigest; known != "" && known != diffID {
			return nil, &Fault{Code: Unpushable, Message: fmt.Sprintf("layer %d of image %s is %s, but its configuration says %s",
				i+1, image.ID, known, diffID)}
		}
		layers[i].diffID = diffID
	}
	return layers, nil
}

func (l *local) isDocker() bool { return l.manifest.MediaType == manifest.DockerV2Schema2MediaType }

// with writes the manifest of the image with its layers as they are in the registry. Equal layers give equal bytes; where
// they are as the manifest has them already, it stays as it is.
func (l *local) with(layers []v1.Descriptor) ([]byte, error) {
	made := l.manifest
	made.Layers = layers
	same := slices.EqualFunc(layers, l.manifest.Layers, func(a, b v1.Descriptor) bool {
		return a.Digest == b.Digest && a.Size == b.Size && a.MediaType == b.MediaType
	})
	made.Config.Digest, made.Config.Size = digest.FromBytes(l.configuration), int64(len(l.configuration))
	if same && made.Config.Digest == l.manifest.Config.Digest {
		return bytes.Clone(l.text), nil
	}
	text, err := json.Marshal(made)
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return text, nil
}

// repositories lists those of the registry that local images with the layer are named after, but for the one pushed to.
func (l *local) repositories(layer string, to reference.Named) []string {
	var paths []string
	for _, name := range l.names()[layer] {
		if reference.Domain(name) == reference.Domain(to) && name.Name() != to.Name() {
			paths = append(paths, reference.Path(name))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// namesOfLayers tells for every layer which local images have it. What cannot be read is left out: a mount is a chance.
func namesOfLayers(s *store.Store) map[string][]reference.Named {
	images, err := s.Images()
	layers, errLayers := s.Layers()
	if err != nil || errLayers != nil {
		return nil
	}
	parents := map[string]string{}
	for _, layer := range layers {
		parents[layer.ID] = layer.Parent
	}
	names := map[string][]reference.Named{}
	for _, image := range images {
		for _, text := range image.Names {
			named, err := reference.ParseNormalizedNamed(text)
			if err != nil {
				continue
			}
			for id := image.TopLayer; id != ""; id = parents[id] {
				names[id] = append(names[id], named)
			}
		}
	}
	return names
}
