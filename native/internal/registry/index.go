package registry

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/manifest"

	"slipway.dev/engine/internal/protocol"
)

// Index writes a list of images of its repository, one for each platform, in the given order. Its form is Docker's where all of
// them have Docker's, else OCI's. Equal calls write equal bytes.
func (u *Uploads) Index(ctx context.Context, to string, images []Place, report Report) (protocol.Pushed, error) {
	named, err := tagged(to)
	if err != nil {
		return protocol.Pushed{}, err
	}
	listed := make([]v1.Descriptor, len(images))
	err = together(ctx, len(images), func(ctx context.Context, i int) (err error) {
		listed[i], err = u.listed(ctx, images[i])
		return err
	})
	if err != nil {
		return protocol.Pushed{}, err
	}
	written, err := indexOf(listed)
	if err != nil {
		return protocol.Pushed{}, err
	}
	p := &push{uploads: u, to: named, subject: to, report: report, shown: &shown{}}
	return p.run(ctx, func(context.Context) ([]byte, error) { return written, nil })
}

// listed tells of an image what an index says about it.
func (u *Uploads) listed(ctx context.Context, image Place) (v1.Descriptor, error) {
	opened, load, err := openRemote(ctx, u.settings(), image.Reference)
	if err != nil {
		return v1.Descriptor{}, err
	}
	defer opened.close()
	if manifest.MIMETypeIsMultiImage(load.kind) {
		return v1.Descriptor{}, &Fault{Code: Unpushable,
			Message: fmt.Sprintf("%s is an index itself: an index lists images of one platform each", image.Reference)}
	}
	found := load.descriptor()
	found.Platform = &v1.Platform{OS: image.OS, Architecture: image.Architecture, Variant: image.Variant}
	return found, nil
}

func indexOf(listed []v1.Descriptor) ([]byte, error) {
	kind := manifest.DockerV2ListMediaType
	for _, one := range listed {
		if one.MediaType != manifest.DockerV2Schema2MediaType {
			kind = v1.MediaTypeImageIndex
		}
	}
	text, err := json.Marshal(v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: kind, Manifests: listed})
	if err != nil {
		return nil, fmt.Errorf("writing an index: %w", err)
	}
	return text, nil
}
