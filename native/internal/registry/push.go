package registry

import (
	"context"
	"fmt"
	"time"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/manifest"

	"slipway.dev/engine/internal/protocol"
)

// manifestAttempts is how often a manifest is sent whose blobs the registry says are missing.
const manifestAttempts = 3

// push is one image on its way.
type push struct {
	uploads *Uploads
	image   local
	to      reference.NamedTagged
	// instead of the tag the manifest is put under this digest; empty: under the tag.
	instead digest.Digest
	subject string
	report  Report
	shown   *shown
}

// Push uploads a local image under a reference. Blobs that are there already are not sent, the tag is written last, and
// only when every blob is there. Media types stay what they are locally.
func (u *Uploads) Push(ctx context.Context, image, to string, report Report) (protocol.Pushed, error) {
	named, err := tagged(to)
	if err != nil {
		return protocol.Pushed{}, err
	}
	found, err := readLocal(u.store, image)
	if err != nil {
		return protocol.Pushed{}, err
	}
	p := &push{uploads: u, image: found, to: named, subject: to, report: report, shown: &shown{}}
	return p.run(ctx, p.blobs)
}

// run has blobs brought, which gives the manifest that tells of them, and writes the tag. When the registry misses some of
// them, it begins again.
func (p *push) run(ctx context.Context, blobs func(context.Context) ([]byte, error)) (protocol.Pushed, error) {
	ctx, leave, err := p.uploads.enter(ctx)
	if err != nil {
		return protocol.Pushed{}, err
	}
	defer leave()
	stop := p.shown.follow(p.report, "pushing "+p.subject)
	defer stop()
	for attempt := 1; ; attempt++ {
		written, err := blobs(ctx)
		if err != nil {
			return protocol.Pushed{}, err
		}
		missing, err := p.publish(ctx, written)
		if err == nil {
			return pushed(written)
		}
		if !missing || attempt == manifestAttempts {
			return protocol.Pushed{}, err
		}
		p.report.Log(fmt.Sprintf("%v; asking for all blobs again", err))
		p.uploads.forget(p.repository())
		pause(ctx, p.uploads.rules.schedule.lookPause)
	}
}

// listener is one push that waits: two of them with the same report are told apart.
type listener struct{ Report }

func (p *push) repository() reference.Named { return reference.TrimNamed(p.to) }

// tagged completes the reference to push to.
func tagged(text string) (reference.NamedTagged, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return nil, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q is not an image reference: %v", text, err)}
	}
	to, isTagged := reference.TagNameOnly(named).(reference.NamedTagged)
	if _, isDigested := named.(reference.Digested); isDigested || !isTagged {
		return nil, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q names a digest: an image is pushed to a tag", text)}
	}
	return to, nil
}

// blobs sees to it that the repository has every blob of the image, and gives the manifest that says so.
func (p *push) blobs(ctx context.Context) ([]byte, error) {
	layers := make([]v1.Descriptor, len(p.image.layers))
	err := together(ctx, len(layers)+1, func(ctx context.Context, i int) (err error) {
		if i == len(layers) {
			return p.bring(ctx, cargoOfText(p.image.configuration))
		}
		layers[i], err = p.layer(ctx, p.image.layers[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return p.image.with(layers)
}

// bring waits until the repository has a blob.
func (p *push) bring(ctx context.Context, load cargo) error {
	waiter := &listener{p.report}
	sent, err := p.uploads.deliver(p.repository(), load, waiter)
	if err != nil {
		return err
	}
	p.shown.add(sent)
	return sent.await(ctx, waiter)
}

// pushed reads out of a manifest what was pushed. An index has no size of its own.
func pushed(written []byte) (protocol.Pushed, error) {
	mediaType := manifest.GuessMIMEType(written)
	digest, err := manifest.Digest(written)
	if err != nil {
		return protocol.Pushed{}, fmt.Errorf("reading the manifest that was pushed: %w", err)
	}
	if manifest.MIMETypeIsMultiImage(mediaType) {
		return protocol.Pushed{Digest: digest.String(), MediaType: mediaType}, nil
	}
	parsed, err := manifest.FromBlob(written, mediaType)
	if err != nil {
		return protocol.Pushed{}, fmt.Errorf("reading the manifest that was pushed: %w", err)
	}
	size := 0
	for _, layer := range parsed.LayerInfos() {
		size += int(max(layer.Size, 0))
	}
	return protocol.Pushed{Digest: digest.String(), Size: size, MediaType: mediaType}, nil
}

// tell hears of attempts to send a manifest.
func (p *push) tell(fault *Fault, pause time.Duration) {
	p.report.Log(fmt.Sprintf("%v; trying again in %s", fault, pause))
}
