package layer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/storage"
	"go.podman.io/storage/pkg/archive"
)

// Tars gives layers of a store as plain tars.
type Tars interface {
	Diff(from, to string, options *storage.DiffOptions) (io.ReadCloser, error)
	Layer(id string) (*storage.Layer, error)
}

// Pack finds the blob of a layer of the store, or makes it from what the store keeps.
func (b *Blobs) Pack(ctx context.Context, store Tars, id string) (Blob, error) {
	found, err := store.Layer(id)
	if err != nil {
		return Blob{}, fmt.Errorf("reading layer %s: %w", id, err)
	}
	if blob, known := b.Find(found.UncompressedDigest); known {
		return blob, nil
	}
	tar, err := ReadTar(store, id)
	if err != nil {
		return Blob{}, err
	}
	defer tar.Close()
	writer, err := b.begin()
	if err != nil {
		return Blob{}, err
	}
	defer writer.abandon()
	hash := newBackgroundHash(nil)
	buffer := make([]byte, copyBuffer)
	_, err = io.CopyBuffer(plainWriter{io.MultiWriter(hash, writer)}, plainReader{interrupted{ctx, tar}}, buffer)
	diffID := hash.digest()
	if ctx.Err() != nil {
		return Blob{}, ctx.Err()
	}
	if err != nil {
		return Blob{}, fmt.Errorf("compressing layer %s: %w", id, err)
	}
	if found.UncompressedDigest != "" && diffID != found.UncompressedDigest {
		return Blob{}, &DamagedLayer{ID: id, Wanted: found.UncompressedDigest, Got: diffID}
	}
	return writer.finish(diffID)
}

// ReadTar gives a layer of a store as a plain tar. The library holds the store's lock until it is closed, and breaks when it is
// closed twice: this may be.
func ReadTar(store Tars, id string) (io.ReadCloser, error) {
	plain := archive.Uncompressed
	tar, err := store.Diff("", id, &storage.DiffOptions{Compression: &plain})
	if err != nil {
		return nil, fmt.Errorf("reading layer %s: %w", id, err)
	}
	// Closed before its end, the library may wait for ever for what reads ahead.
	end := func() error {
		_, err := io.Copy(io.Discard, tar)
		return errors.Join(err, tar.Close())
	}
	return &closedOnce{Reader: tar, close: sync.OnceValue(end)}, nil
}

// interrupted reads until the context is done.
type interrupted struct {
	context.Context
	io.Reader
}

// Read reads.
func (i interrupted) Read(to []byte) (int, error) {
	if err := i.Err(); err != nil {
		return 0, err
	}
	return i.Reader.Read(to)
}

type closedOnce struct {
	io.Reader
	close func() error
}

// Close closes the first time.
func (c *closedOnce) Close() error { return c.close() }

// DamagedLayer says that what the store keeps of a layer is not what was put there.
type DamagedLayer struct {
	ID          string
	Wanted, Got digest.Digest
}

// Error names the layer.
func (d *DamagedLayer) Error() string {
	return fmt.Sprintf("layer %s of the store is damaged: its files give %s instead of %s", d.ID, d.Got, d.Wanted)
}
