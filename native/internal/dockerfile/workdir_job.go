package dockerfile

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"slipway.dev/engine/internal/recipe"
)

// workdirJob makes a directory, and those above it, where there is none: the contents of a directory without any are
// copied there. An empty owner is root.
func workdirJob(directory, owner string, epoch time.Time) job {
	const name = "directory"
	open := func(context.Context) (io.ReadCloser, error) { return directoryTar(name, epoch) }
	step := recipe.Copy{From: recipe.ContextSource{Open: open}, Patterns: []string{name}, To: directory + "/", Chown: owner}
	return job{
		decide: func(k *key) { k.add("workdir", directory, owner) },
		steps:  func(context.Context, string) ([]recipe.Step, error) { return []recipe.Step{step}, nil },
	}
}

// directoryTar is a tar of one directory.
func directoryTar(name string, modified time.Time) (io.ReadCloser, error) {
	var text bytes.Buffer
	archive := tar.NewWriter(&text)
	header := &tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: modified}
	if err := archive.WriteHeader(header); err != nil {
		return nil, fmt.Errorf("making the directory %s: %w", name, err)
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("making the directory %s: %w", name, err)
	}
	return io.NopCloser(&text), nil
}
