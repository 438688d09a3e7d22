package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/store"
	"slipway.dev/engine/internal/wire"
)

// exportLayer writes what the store keeps of a layer as the tar that its digest is of.
func exportLayer(ctx context.Context, at *recipe.Workshop, params protocol.LayerExport, _ wire.Emit) (protocol.Nothing, error) {
	id, err := layerAt(at.Store, params.Image, params.Index)
	if err != nil {
		return nil, err
	}
	tar, err := layer.ReadTar(at.Store, id)
	if err != nil {
		return nil, err
	}
	defer tar.Close()
	file, err := os.OpenFile(params.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("writing layer %s: %w", id, err)
	}
	_, err = io.Copy(file, tar)
	if err := errors.Join(ctx.Err(), err, file.Close()); err != nil {
		_ = os.Remove(params.File)
		return nil, fmt.Errorf("writing layer %s: %w", id, err)
	}
	return nil, nil
}

// layerAt counts the layers of an image from the lowest one.
func layerAt(s *store.Store, image string, index int) (string, error) {
	found, err := s.Find(image)
	if err != nil {
		return "", err
	}
	var ids []string
	for id := found.TopLayer; id != ""; {
		ids = append(ids, id)
		current, err := s.Layer(id)
		if err != nil {
			return "", fmt.Errorf("reading layer %s: %w", id, err)
		}
		id = current.Parent
	}
	if index < 0 || index >= len(ids) {
		return "", fmt.Errorf("image %s has %d layers, none of them number %d", image, len(ids), index)
	}
	return ids[len(ids)-1-index], nil
}

func compareLayers(ctx context.Context, params protocol.LayerCompare, _ wire.Emit) (protocol.LayerDifferences, error) {
	none := protocol.LayerDifferences{}
	first, err := os.Open(params.First)
	if err != nil {
		return none, fmt.Errorf("comparing layers: %w", err)
	}
	defer first.Close()
	second, err := os.Open(params.Second)
	if err != nil {
		return none, fmt.Errorf("comparing layers: %w", err)
	}
	defer second.Close()
	found, err := layer.CompareTars(ctx, first, second, params.Limit)
	if err != nil {
		return none, fmt.Errorf("comparing layers: %w", err)
	}
	differences := make([]protocol.LayerDifference, 0, len(found))
	for _, one := range found {
		differences = append(differences,
			protocol.LayerDifference{Path: one.Name, What: one.Field, First: one.First, Second: one.Second})
	}
	return protocol.LayerDifferences{Differences: differences}, nil
}

func imageConfiguration(_ context.Context, at *recipe.Workshop, params protocol.ImageName, _ wire.Emit) (protocol.ImageConfiguration, error) {
	none := protocol.ImageConfiguration{}
	image, err := at.Store.Find(params.Image)
	if err != nil {
		return none, err
	}
	manifest, err := at.Store.Manifest(image)
	if err != nil {
		return none, err
	}
	text, err := at.Store.Configuration(image, manifest)
	return protocol.ImageConfiguration{Text: string(text)}, err
}
