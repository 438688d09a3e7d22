package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slipway.dev/engine/internal/layer"
)

// mountTree shows a path of another image. Nothing of what is written there is kept.
func (s *stage) mountTree(image Image, path string) (source string, release func() error, err error) {
	if image.Layer == "" {
		empty, err := os.MkdirTemp(s.making.directory, "empty-")
		return empty, nil, err
	}
	work, err := s.Layers.Begin(context.Background(), image.Layer, s.Store.LayerName("tree-"+filepath.Base(s.making.directory)), s.Epoch)
	if err != nil {
		return "", nil, err
	}
	room, err := s.Layers.Enter(work)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("showing another image: %w", err), s.Layers.Discard(work))
	}
	release = func() error {
		return errors.Join(s.Layers.Leave(work, room), s.Layers.Discard(work))
	}
	tree, err := room.Tree()
	if err != nil {
		return "", release, err
	}
	canonical, found, err := layer.Resolve(tree, path)
	if err == nil && found == nil {
		err = fmt.Errorf("%s is not in the image to mount", path)
	}
	return filepath.Join(room.Root, canonical), release, err
}
