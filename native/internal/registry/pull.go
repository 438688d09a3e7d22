package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/docker/reference"
	imagestorage "go.podman.io/image/v5/storage"
	"go.podman.io/image/v5/types"
	"go.podman.io/storage"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

// Pull brings an image into a store.
type Pull struct {
	Store    *store.Store
	Settings protocol.Settings
	// Reference is completed by docker.io, library and latest where it leaves them out.
	Reference string
	Policy    protocol.ImagePullPolicy
	// OS, Architecture, Variant wanted.
	OS, Architecture, Variant string
}

// Pulled is the local image, and whether it was fetched now.
type Pulled struct {
	Image    *storage.Image
	Fetched  bool
	Warnings []string
}

// Run pulls. With policy newer an image that is here already serves when the registry cannot be reached: a warning says so.
func (p Pull) Run(ctx context.Context, report Report) (Pulled, error) {
	named, err := reference.ParseNormalizedNamed(p.Reference)
	if err != nil {
		return Pulled{}, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q is not an image reference: %v", p.Reference, err)}
	}
	named = untagged(reference.TagNameOnly(named))
	system, err := SystemContext(p.Settings, named.String())
	if err != nil {
		return Pulled{}, err
	}
	system.OSChoice, system.ArchitectureChoice, system.VariantChoice = p.OS, p.Architecture, p.Variant
	remote, err := docker.NewReference(named)
	if err != nil {
		return Pulled{}, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q: %v", p.Reference, err)}
	}
	unlock, err := p.Store.Lock(ctx, "pull "+named.String()+" "+p.platform())
	if err != nil {
		return Pulled{}, err
	}
	defer unlock()
	present, err := p.present(named)
	if err != nil {
		return Pulled{}, err
	}
	if present != nil && (p.Policy != protocol.ImagePullPolicyNewer || p.Settings.Offline) {
		return Pulled{Image: present}, nil
	}
	if p.Settings.Offline {
		return Pulled{}, offline(fmt.Sprintf("the image %s for %s", p.Reference, p.platform()))
	}
	if p.Policy == protocol.ImagePullPolicyNever {
		return Pulled{}, &Fault{Code: NotFound, Message: fmt.Sprintf("image %s for %s is not here, and is not to be pulled", named, p.platform())}
	}
	if present != nil {
		if pulled, settled, err := p.compare(ctx, system, named, present); settled {
			return pulled, err
		}
	}
	return p.fetch(ctx, system, remote, named, report)
}

// untagged leaves out the tag beside a digest: the digest decides.
func untagged(named reference.Named) reference.Named {
	canonical, isCanonical := named.(reference.Canonical)
	if !isCanonical {
		return named
	}
	plain, err := reference.WithDigest(reference.TrimNamed(named), canonical.Digest())
	if err != nil {
		return named
	}
	return plain
}

// present finds the image in the store, if it is there for the wanted platform.
func (p Pull) present(named reference.Named) (*storage.Image, error) {
	image, err := p.Store.Find(named.String())
	if errors.Is(err, store.ErrNoImage) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	facts, err := p.Store.FactsOf(image)
	if err != nil || !p.fits(facts.Platform) {
		return nil, err
	}
	return image, nil
}

// compare asks whether the registry has another image under the reference now.
func (p Pull) compare(
	ctx context.Context, system *types.SystemContext, named reference.Named, present *storage.Image,
) (pulled Pulled, settled bool, err error) {
	current, err := currentDigest(ctx, system, named)
	if ctx.Err() != nil {
		return Pulled{}, true, ctx.Err()
	}
	if err != nil {
		err = Classify(err, "asking for", p.Reference)
		var fault *Fault
		if !errors.As(err, &fault) || !fault.Passing() {
			return Pulled{}, true, err
		}
		warning := fmt.Sprintf("using the local image of %s, as the registry does not answer: %v", p.Reference, fault)
		return Pulled{Image: present, Warnings: []string{warning}}, true, nil
	}
	if holds(present, current) {
		return Pulled{Image: present}, true, nil
	}
	return Pulled{}, false, nil
}

func holds(image *storage.Image, wanted digest.Digest) bool {
	for _, known := range image.Digests {
		if known == wanted {
			return true
		}
	}
	return false
}

func (p Pull) fetch(
	ctx context.Context, system *types.SystemContext, remote types.ImageReference, named reference.Named, report Report,
) (Pulled, error) {
	imagestorage.Transport.SetStore(p.Store)
	local, err := imagestorage.Transport.NewStoreReference(p.Store, named, "")
	if err != nil {
		return Pulled{}, fmt.Errorf("naming the image %s: %w", named, err)
	}
	var stored types.ImageReference
	again := func(fault *Fault, pause time.Duration) {
		report.Log(fmt.Sprintf("%v; trying again in %s", fault, pause))
	}
	err = Retry(ctx, again, func() error {
		options := copyOptions(p.Settings, system)
		options.ReportResolvedReference = &stored
		_, err := transfer(ctx, remote, local, options, report, "pulling "+p.Reference)
		return Classify(p.explain(ctx, system, remote, err), "pulling", p.Reference)
	})
	if err != nil {
		return Pulled{}, err
	}
	_, image, err := imagestorage.ResolveReference(stored)
	if err != nil {
		return Pulled{}, fmt.Errorf("finding the image %s after pulling it: %w", named, err)
	}
	facts, err := p.Store.FactsOf(image)
	if err != nil {
		return Pulled{}, err
	}
	if !p.fits(facts.Platform) {
		return Pulled{}, &Fault{Code: PlatformMismatch,
			Message: fmt.Sprintf("image %s is for %s, but %s is wanted", p.Reference, facts.Platform, p.platform())}
	}
	return Pulled{Image: image, Fetched: true}, nil
}
