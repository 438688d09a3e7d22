package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/image/v5/pkg/blobinfocache/none"
	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/protocol"
)

const (
	// largestManifest is the size of manifest or record that is read.
	largestManifest = 32 << 20
	// deepest is how far indexes may be nested.
	deepest = 3
)

// parcel is an image that is carried as it is: its manifest and, where that is an index, those of its images.
type parcel struct {
	text     []byte
	kind     string
	blobs    []v1.Descriptor
	children []*parcel
}

// source is where a parcel comes from.
type source interface {
	manifest(ctx context.Context, digest digest.Digest) ([]byte, error)
	// blob says how to open it, each time anew.
	blob(ctx context.Context, blob v1.Descriptor) (func() (io.ReadSeekCloser, error), error)
}

func (p *parcel) digest() digest.Digest { return digest.FromBytes(p.text) }

func (p *parcel) descriptor() v1.Descriptor {
	return v1.Descriptor{MediaType: p.kind, Digest: p.digest(), Size: int64(len(p.text))}
}

// unpack reads what a manifest tells. Layers that lie elsewhere for good are left there.
func unpack(ctx context.Context, subject string, text []byte, from source, depth int) (*parcel, error) {
	made := &parcel{text: text, kind: manifest.GuessMIMEType(text)}
	switch made.kind {
	case v1.MediaTypeImageManifest, manifest.DockerV2Schema2MediaType:
		var read v1.Manifest
		if err := json.Unmarshal(text, &read); err != nil {
			return nil, fmt.Errorf("reading the manifest of %s: %w", subject, err)
		}
		for _, blob := range append([]v1.Descriptor{read.Config}, read.Layers...) {
			if len(blob.URLs) == 0 {
				made.blobs = append(made.blobs, blob)
			}
		}
		return made, nil
	case v1.MediaTypeImageIndex, manifest.DockerV2ListMediaType:
		var read v1.Index
		if err := json.Unmarshal(text, &read); err != nil || depth == 0 {
			return nil, &Fault{Code: Unpushable, Cause: err, Message: fmt.Sprintf("the index of %s cannot be read, or is nested too deep", subject)}
		}
		for _, one := range read.Manifests {
			text, err := from.manifest(ctx, one.Digest)
			if err != nil {
				return nil, err
			}
			child, err := unpack(ctx, subject, text, from, depth-1)
			if err != nil {
				return nil, err
			}
			made.children = append(made.children, child)
		}
		return made, nil
	}
	return nil, &Fault{Code: Unpushable, Hint: "push it anew with a present version of a tool",
		Message: fmt.Sprintf("image %s has a manifest of type %q, which cannot be copied", subject, made.kind)}
}

// remoteSource is an image of a registry that is read.
type remoteSource struct {
	at      remote
	open    types.ImageSource
	subject string
}

// openRemote finds an image, also at mirrors. The fault says NotFound where there is none.
func openRemote(ctx context.Context, settings protocol.Settings, text string) (*remoteSource, *parcel, error) {
	at, err := remoteOf(settings, text)
	if err != nil {
		return nil, nil, err
	}
	made := &remoteSource{at: at, subject: text}
	var load *parcel
	err = retryLookup(ctx, func() error {
		made.close()
		source, err := at.reference.NewImageSource(ctx, at.system)
		if err != nil {
			return Classify(err, "reading", text)
		}
		made.open = source
		written, _, err := made.open.GetManifest(ctx, nil)
		if err != nil {
			return Classify(err, "reading", text)
		}
		load, err = unpack(ctx, text, written, made, deepest)
		return err
	})
	if err != nil {
		made.close()
		return nil, nil, err
	}
	return made, load, nil
}

// opened lets blobs of the image be read.
func (r remote) opened(ctx context.Context, subject string) (*remoteSource, error) {
	made := &remoteSource{at: r, subject: subject}
	err := retryLookup(ctx, func() error {
		source, err := r.reference.NewImageSource(ctx, r.system)
		if err == nil {
			made.open = source
		}
		return Classify(err, "reading", subject)
	})
	return made, err
}

func (r *remoteSource) close() {
	if r.open != nil {
		_ = r.open.Close()
	}
	r.open = nil
}

func (r *remoteSource) repository() reference.Named {
	return reference.TrimNamed(r.at.reference.DockerReference())
}

func (r *remoteSource) manifest(ctx context.Context, wanted digest.Digest) ([]byte, error) {
	text, _, err := r.open.GetManifest(ctx, &wanted)
	if err == nil && digest.FromBytes(text) != wanted {
		err = &Fault{Code: Corrupt, Hint: changedOnTheWay, Message: fmt.Sprintf("reading %s: what was got for %s is something else", r.subject, wanted)}
	}
	return text, Classify(err, "reading", r.subject)
}

// stream reads a blob once.
func (r *remoteSource) stream(ctx context.Context, blob v1.Descriptor) (io.ReadCloser, error) {
	info := types.BlobInfo{Digest: blob.Digest, Size: blob.Size, MediaType: blob.MediaType, URLs: blob.URLs}
	content, _, err := r.open.GetBlob(ctx, info, none.NoCache)
	return content, Classify(err, "reading", r.subject)
}

func (r *remoteSource) blob(ctx context.Context, blob v1.Descriptor) (func() (io.ReadSeekCloser, error), error) {
	return func() (io.ReadSeekCloser, error) {
		return &remoteBlob{open: func() (io.ReadCloser, error) { return r.stream(ctx, blob) }}, nil
	}, nil
}

// remoteBlob reads a blob of a registry from any place on. What is before it is read, too, and dropped.
type remoteBlob struct {
	open func() (io.ReadCloser, error)

	mu      sync.Mutex
	content io.ReadCloser
	offset  int64
}

// Read opens the blob when the first byte is wanted.
func (b *remoteBlob) Read(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.content == nil {
		content, err := b.open()
		if err != nil {
			return 0, err
		}
		b.content = content
		if _, err := io.CopyN(io.Discard, content, b.offset); err != nil {
			return 0, err
		}
	}
	return b.content.Read(text)
}

// Seek goes to a place counted from the start.
func (b *remoteBlob) Seek(offset int64, whence int) (int64, error) {
	if whence != io.SeekStart || offset < 0 {
		return 0, errors.New("a blob of a registry can only be read from a place counted from its start")
	}
	err := b.Close()
	b.offset = offset
	return offset, err
}

// Close ends the reading.
func (b *remoteBlob) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.content == nil {
		return nil
	}
	content := b.content
	b.content = nil
	return content.Close()
}
