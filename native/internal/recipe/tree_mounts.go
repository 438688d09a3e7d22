package recipe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slipway.dev/engine/internal/layer"
)

// mountTree shows a path of another image. Nothing of what is written there is kept; whole says that nothing can be.
func (s *stage) mountTree(image Image, path string, whole bool) (source string, release func() error, err error) {
	if image.Layer == "" {
		empty, err := os.MkdirTemp(s.making.directory, "empty-")
		return empty, nil, err
	}
	if directory := s.Layers.Whole(image.Layer); whole && directory != "" {
		tree, err := layer.PlainTree(directory)
		if err != nil {
			return "", nil, err
		}
		source, err = sourceIn(tree, directory, path)
		return source, nil, err
	}
	work, err := s.Layers.Begin(context.Background(), image.Layer, s.Store.LayerName("tree-"+rand.Text()[:8]), s.Epoch)
	if err != nil {
		return "", nil, err
	}
	room, err := s.Layers.Enter(work)
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("showing another image: %w", err), s.Layers.Discard(work))
	}
	release = func() error {
		left := s.Layers.Leave(work, room)
		if whole && left == nil {
			return s.Layers.Release(work)
		}
		return errors.Join(left, s.Layers.Discard(work))
	}
	tree, err := room.Tree()
	if err != nil {
		return "", release, err
	}
	source, err = sourceIn(tree, room.Root, path)
	return source, release, err
}

// sourceIn is where a path of an image lies on the disk.
func sourceIn(tree *layer.Tree, root, path string) (string, error) {
	canonical, found, err := layer.Resolve(tree, path)
	if err == nil && found == nil {
		err = fmt.Errorf("%s is not in the image to mount", path)
	}
	return filepath.Join(root, canonical), err
}
