package registry

import (
	"bytes"
	"fmt"
	"io"

	digest "github.com/opencontainers/go-digest"

	"slipway.dev/engine/internal/layer"
)

// cargo is a blob that a repository is to have.
type cargo struct {
	digest digest.Digest
	size   int64
	// open reads it; nil: it is not here, and can only be there already or be taken from another repository.
	open func() (io.ReadSeekCloser, error)
	// delivered is told that the repository has it; nil: nobody cares.
	delivered func()
	// sources are repositories of the same registry that may have it, the most likely first.
	sources []string
}

func cargoOfText(text []byte) cargo {
	open := func() (io.ReadSeekCloser, error) { return memory{bytes.NewReader(text)}, nil }
	return cargo{digest: digest.FromBytes(text), size: int64(len(text)), open: open}
}

func cargoOfBlob(blobs *layer.Blobs, blob layer.Blob) cargo {
	open := func() (io.ReadSeekCloser, error) {
		file, err := blobs.Open(blob)
		if err != nil {
			return nil, err
		}
		return file, nil
	}
	return cargo{digest: blob.Digest, size: blob.Size, open: open, delivered: func() { blobs.Spend(blob) }}
}

// part opens some bytes of it as a body.
func (c cargo) part(offset, length int64) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		content, err := c.open()
		if err != nil {
			return nil, err
		}
		if _, err := content.Seek(offset, io.SeekStart); err != nil {
			content.Close()
			return nil, fmt.Errorf("reading a blob: %w", err)
		}
		return &section{content: content, left: length}, nil
	}
}

// memory is bytes that need no closing.
type memory struct{ *bytes.Reader }

// Close does nothing.
func (memory) Close() error { return nil }
