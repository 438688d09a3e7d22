package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

// Place is an image in a registry: the one for a platform, where a reference names several.
type Place struct{ Reference, OS, Architecture, Variant string }

func (p Place) remote(settings protocol.Settings) (remote, error) {
	at, err := remoteOf(settings, p.Reference)
	if err != nil {
		return remote{}, err
	}
	at.system.OSChoice, at.system.ArchitectureChoice, at.system.VariantChoice = p.OS, p.Architecture, p.Variant
	return at, nil
}

// Configuration reads the configuration of an image as it is written; empty: there is no such image.
func Configuration(ctx context.Context, settings protocol.Settings, of Place) (string, error) {
	at, err := of.remote(settings)
	if err != nil {
		return "", err
	}
	_, configuration, err := at.read(ctx)
	if missing(err) {
		return "", nil
	}
	return string(configuration), err
}

// read gives manifest and configuration of the image for the platform.
func (r remote) read(ctx context.Context) (written, configuration []byte, err error) {
	err = retryLookup(ctx, func() error {
		written, configuration, err = r.readOnce(ctx)
		return Classify(err, "reading", reference.FamiliarString(r.reference.DockerReference()))
	})
	return written, configuration, err
}

func (r remote) readOnce(ctx context.Context) (written, configuration []byte, err error) {
	source, err := r.reference.NewImageSource(ctx, r.system)
	if err != nil {
		return nil, nil, err
	}
	defer source.Close()
	top := image.UnparsedInstance(source, nil)
	if top, err = r.chosen(ctx, source, top); err != nil {
		return nil, nil, err
	}
	found, err := image.FromUnparsedImage(ctx, r.system, top)
	if err != nil {
		return nil, nil, err
	}
	if written, _, err = found.Manifest(ctx); err != nil {
		return nil, nil, err
	}
	configuration, err = found.ConfigBlob(ctx)
	return written, configuration, err
}

// chosen is the image for the platform, where top is an index.
func (r remote) chosen(ctx context.Context, source types.ImageSource, top *image.UnparsedImage) (*image.UnparsedImage, error) {
	text, kind, err := top.Manifest(ctx)
	if err != nil || !manifest.MIMETypeIsMultiImage(kind) {
		return top, err
	}
	list, err := manifest.ListFromBlob(text, kind)
	if err != nil {
		return nil, err
	}
	digest, err := list.ChooseInstance(r.system)
	if err != nil {
		return nil, err
	}
	return image.UnparsedInstance(source, &digest), nil
}

// Reconfigure writes an image with the layers of another one and a configuration given as JSON. Within a repository no layer
// is read or sent; into another one they are mounted or streamed. The tag is written last. Equal calls write equal images.
// The error is a *store.BadConfiguration where the text is none.
func (u *Uploads) Reconfigure(ctx context.Context, from Place, to string, wanted []byte, report Report) (protocol.Pushed, error) {
	return u.reconfigure(ctx, from, to, wanted, true, report)
}

// ReconfigureUntagged does the same, but the image is put under its digest alone, for an index to list it.
func (u *Uploads) ReconfigureUntagged(ctx context.Context, from Place, to string, wanted []byte, report Report) (protocol.Pushed, error) {
	return u.reconfigure(ctx, from, to, wanted, false, report)
}

func (u *Uploads) reconfigure(
	ctx context.Context, from Place, to string, wanted []byte, hasTag bool, report Report,
) (protocol.Pushed, error) {
	named, err := tagged(to)
	if err != nil {
		return protocol.Pushed{}, err
	}
	source, err := from.remote(u.settings())
	if err != nil {
		return protocol.Pushed{}, err
	}
	text, own, err := source.read(ctx)
	if err != nil {
		return protocol.Pushed{}, err
	}
	made := local{}
	if made.manifest, err = rewritable(from.Reference, text); err != nil {
		return protocol.Pushed{}, err
	}
	configuration, hasDocker, err := store.Reconfigured(own, wanted)
	if err != nil {
		return protocol.Pushed{}, err
	}
	if made.configuration, err = json.Marshal(configuration); err != nil {
		return protocol.Pushed{}, fmt.Errorf("writing a configuration: %w", err)
	}
	store.Retype(&made.manifest, hasDocker)
	made.manifest.Annotations = nil
	p := &push{uploads: u, image: made, to: named, subject: to, report: report, shown: &shown{}}
	write := func(ctx context.Context) ([]byte, error) {
		written, err := p.configurationAlone(ctx)
		if !hasTag {
			p.instead = digest.FromBytes(written)
		}
		return written, err
	}
	if source.reference.DockerReference().Name() == named.Name() {
		return p.run(ctx, write)
	}
	opened, err := source.opened(ctx, from.Reference)
	if err != nil {
		return protocol.Pushed{}, err
	}
	defer opened.close()
	return p.run(ctx, func(ctx context.Context) ([]byte, error) {
		f := freight{source: opened, to: named, near: near(opened.repository(), named), report: report}
		if err := p.bringAll(ctx, layersHeld(made.manifest), f); err != nil {
			return nil, err
		}
		return write(ctx)
	})
}

// layersHeld lists the layers that do not lie elsewhere for good.
func layersHeld(of v1.Manifest) []v1.Descriptor {
	return slices.DeleteFunc(slices.Clone(of.Layers), func(layer v1.Descriptor) bool { return len(layer.URLs) > 0 })
}

// rewritable reads a manifest that can be written anew.
func rewritable(subject string, text []byte) (read v1.Manifest, err error) {
	kind := manifest.GuessMIMEType(text)
	if kind != v1.MediaTypeImageManifest && kind != manifest.DockerV2Schema2MediaType {
		return read, &Fault{Code: Unpushable, Hint: "push it anew with a present version of a tool",
			Message: fmt.Sprintf("image %s has a manifest of type %q, which cannot be written anew", subject, kind)}
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return read, fmt.Errorf("reading the manifest of image %s: %w", subject, err)
	}
	read.MediaType = kind
	return read, nil
}

// configurationAlone brings the configuration of an image whose layers are there.
func (p *push) configurationAlone(ctx context.Context) ([]byte, error) {
	if err := p.bring(ctx, cargoOfText(p.image.configuration)); err != nil {
		return nil, err
	}
	written := p.image.manifest
	written.Config = v1.Descriptor{MediaType: written.Config.MediaType,
		Digest: digest.FromBytes(p.image.configuration), Size: int64(len(p.image.configuration))}
	text, err := json.Marshal(written)
	if err != nil {
		return nil, fmt.Errorf("writing a manifest: %w", err)
	}
	return text, nil
}

// emptyTar is the content of a layer in which nothing is.
var emptyTar = make([]byte, 1024)

// Record writes an image whose labels are a record. It has no layers; where a registry refuses that, one in which nothing is.
func (u *Uploads) Record(ctx context.Context, to string, labels map[string]string, report Report) (protocol.Pushed, error) {
	named, err := tagged(to)
	if err != nil {
		return protocol.Pushed{}, err
	}
	write := func(layers []v1.Descriptor, diffIDs ...digest.Digest) (protocol.Pushed, error) {
		made := local{}
		if made.configuration, made.manifest, err = store.Record(labels, diffIDs...); err != nil {
			return protocol.Pushed{}, err
		}
		made.manifest.Layers = layers
		p := &push{uploads: u, image: made, to: named, subject: to, report: report, shown: &shown{}}
		return p.run(ctx, p.smallBlobs)
	}
	pushed, err := write([]v1.Descriptor{})
	var fault *Fault
	if !errors.As(err, &fault) || fault.Code != Rejected {
		return pushed, err
	}
	layer := v1.Descriptor{MediaType: v1.MediaTypeImageLayerGzip, Digest: image.GzippedEmptyLayerDigest, Size: int64(len(image.GzippedEmptyLayer))}
	return write([]v1.Descriptor{layer}, digest.FromBytes(emptyTar))
}

// smallBlobs brings the configuration and, where it is listed, the layer in which nothing is.
func (p *push) smallBlobs(ctx context.Context) ([]byte, error) {
	if len(p.image.manifest.Layers) > 0 {
		if err := p.bring(ctx, cargoOfText(image.GzippedEmptyLayer)); err != nil {
			return nil, err
		}
	}
	return p.configurationAlone(ctx)
}
