package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/storage/pkg/archive"

	"slipway.dev/engine/internal/layer"
)

func (p *push) domain() string { return reference.Domain(p.to) }

// layer sees to it that the repository has a layer. One that was pulled goes as it came, if the registry still has it;
// others, and this one else, are sent as they lie in the cache of blobs, or as they are packed now.
func (p *push) layer(ctx context.Context, l localLayer) (v1.Descriptor, error) {
	if original, usable := p.original(l); usable {
		err := p.bring(ctx, cargo{digest: original.Digest, size: original.Size, sources: p.image.repositories(l.ID, p.to)})
		if err == nil || !errors.Is(err, errAbsent) {
			return original, err
		}
	}
	blobs, err := p.compressed(l)
	if err != nil {
		return v1.Descriptor{}, err
	}
	for again := false; ; again = true {
		blob, err := p.packed(ctx, blobs, l)
		if err != nil {
			return v1.Descriptor{}, err
		}
		load := cargoOfBlob(blobs, blob)
		load.sources = p.image.repositories(l.ID, p.to)
		err = p.bring(ctx, load)
		if err == nil || again || !spoilt(err) {
			return v1.Descriptor{MediaType: p.image.layerType(blob.MediaType), Digest: blob.Digest, Size: blob.Size}, err
		}
		p.report.Log(fmt.Sprintf("%v; packing the layer again", err))
		blobs.Drop(blob.DiffID)
	}
}

// spoilt says that the blob in the cache is not what it should be, or gone.
func spoilt(err error) bool {
	var fault *Fault
	return errors.Is(err, fs.ErrNotExist) || (errors.As(err, &fault) && fault.Code == Corrupt)
}

// original is the blob that a layer was pulled as, where the image may have it so.
func (p *push) original(l localLayer) (v1.Descriptor, bool) {
	if l.CompressedDigest == "" || l.CompressedDigest == l.diffID || l.CompressedSize <= 0 {
		return v1.Descriptor{}, false
	}
	kind := ""
	switch l.CompressionType {
	case archive.Gzip:
		kind = v1.MediaTypeImageLayerGzip
	case archive.Zstd:
		kind = v1.MediaTypeImageLayerZstd
	}
	if kind == "" || (p.image.isDocker() && kind != v1.MediaTypeImageLayerGzip) {
		return v1.Descriptor{}, false
	}
	return v1.Descriptor{MediaType: p.image.layerType(kind), Digest: l.CompressedDigest, Size: l.CompressedSize}, true
}

// compressed is the cache to take the blob from. Docker's media types know gzip alone.
func (p *push) compressed(l localLayer) (*layer.Blobs, error) {
	own := p.uploads.blobs
	if !p.image.isDocker() {
		return own, nil
	}
	if blob, known := own.Find(l.diffID); known && blob.MediaType == v1.MediaTypeImageLayerGzip {
		return own, nil
	}
	gzip, err := layer.ParseCompression("gzip")
	if err != nil {
		return nil, err
	}
	// The cache of the session is the one that keeps the limit.
	return layer.NewBlobs(p.uploads.store.GraphRoot(), p.uploads.store.Owner(), gzip, math.MaxInt64)
}

// packed gives the blob of a layer. Pushes at the same time, also of other processes, pack it once.
func (p *push) packed(ctx context.Context, blobs *layer.Blobs, l localLayer) (layer.Blob, error) {
	if blob, known := blobs.Find(l.diffID); known {
		return blob, nil
	}
	release, err := take(ctx, p.uploads.packing)
	if err != nil {
		return layer.Blob{}, err
	}
	defer release()
	unlock, err := p.uploads.store.Lock(ctx, "pack "+l.diffID.String())
	if err != nil {
		return layer.Blob{}, err
	}
	defer unlock()
	if blob, known := blobs.Find(l.diffID); known {
		return blob, nil
	}
	blob, err := blobs.Pack(ctx, p.uploads.store, l.ID)
	if err == nil && blob.DiffID != l.diffID {
		err = &layer.DamagedLayer{ID: l.ID, Wanted: l.diffID, Got: blob.DiffID}
	}
	var damaged *layer.DamagedLayer
	if errors.As(err, &damaged) {
		return layer.Blob{}, &Fault{Code: Unpushable, Cause: err, Message: fmt.Sprintf("pushing %s: %v", p.subject, err),
			Hint: "remove the image from the local storage, and build or pull it again"}
	}
	return blob, err
}

// layerType names a compressed layer in the manner of the manifest.
func (l *local) layerType(oci string) string {
	if l.isDocker() && strings.HasSuffix(oci, "+gzip") {
		return manifest.DockerV2Schema2LayerMediaType
	}
	return oci
}
