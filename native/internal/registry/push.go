package registry

import (
	"context"
	"fmt"
	"time"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"
	imagestorage "go.podman.io/image/v5/storage"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

// Push uploads a local image under a reference. Blobs that are there already are not sent, the tag is written last, and
// media types stay what they are locally; layers are sent with gzip.
func Push(
	ctx context.Context, s *store.Store, settings protocol.Settings, image, to string, report Report,
) (protocol.Pushed, error) {
	named, err := reference.ParseNormalizedNamed(to)
	if err != nil {
		return protocol.Pushed{}, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q is not an image reference: %v", to, err)}
	}
	remote, err := docker.NewReference(reference.TagNameOnly(named))
	if err != nil {
		return protocol.Pushed{}, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q: %v", to, err)}
	}
	found, err := s.Find(image)
	if err != nil {
		return protocol.Pushed{}, err
	}
	local, err := imagestorage.Transport.NewStoreReference(s, nil, found.ID)
	if err != nil {
		return protocol.Pushed{}, fmt.Errorf("reading image %s: %w", image, err)
	}
	system, err := SystemContext(settings, named.String())
	if err != nil {
		return protocol.Pushed{}, err
	}
	var written []byte
	again := func(fault *Fault, pause time.Duration) {
		report.Log(fmt.Sprintf("%v; trying again in %s", fault, pause))
	}
	err = Retry(ctx, again, func() error {
		written, err = transfer(ctx, local, remote, copyOptions(settings, system), report, "pushing "+to)
		return Classify(err, "pushing", to)
	})
	if err != nil {
		return protocol.Pushed{}, err
	}
	return pushed(written)
}

// pushed reads out of a manifest what was pushed.
func pushed(written []byte) (protocol.Pushed, error) {
	mediaType := manifest.GuessMIMEType(written)
	parsed, err := manifest.FromBlob(written, mediaType)
	if err != nil {
		return protocol.Pushed{}, fmt.Errorf("reading the manifest that was pushed: %w", err)
	}
	digest, err := manifest.Digest(written)
	if err != nil {
		return protocol.Pushed{}, fmt.Errorf("reading the manifest that was pushed: %w", err)
	}
	size := 0
	for _, layer := range parsed.LayerInfos() {
		size += int(max(layer.Size, 0))
	}
	return protocol.Pushed{Digest: digest.String(), Size: size, MediaType: mediaType}, nil
}
