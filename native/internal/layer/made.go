package layer

import digest "github.com/opencontainers/go-digest"

// Made is a layer in the store.
type Made struct {
	// ID is the layer's in the store.
	ID     string
	DiffID digest.Digest
	// Size is that of the tar.
	Size int64
	// Blob is the compressed layer in the cache of blobs; the zero value where it was not made now.
	Blob Blob
	// Late says that something in the layer is younger than its epoch and older than the layer: with a later epoch it would
	// have its own time.
	Late bool
}
