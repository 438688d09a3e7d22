package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/recipe"
)

// spool keeps the files of one need of the context in a directory, and gives the path of a source in it.
func (r Request) spool(ctx context.Context, need int, source, directory string) (string, error) {
	stream, err := contextPart(ctx, r.ContextSocket, need)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	if err := os.Mkdir(directory, 0o755); err != nil {
		return "", fmt.Errorf("keeping files of the build context: %w", err)
	}
	if err := recipe.Unpack(stream, directory); err != nil {
		return "", fmt.Errorf("keeping files of the build context: %w", err)
	}
	// Links in the context are followed inside it.
	tree, err := layer.PlainTree(directory)
	if err != nil {
		return "", err
	}
	canonical, found, err := layer.Resolve(tree, source)
	if err == nil && found == nil {
		err = errors.New("no such file there")
	}
	if err != nil {
		return "", fmt.Errorf("mounting %s of the build context: %w", source, err)
	}
	return filepath.Join(directory, canonical), nil
}
