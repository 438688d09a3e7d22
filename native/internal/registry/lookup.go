package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/image"
	"go.podman.io/image/v5/manifest"
	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/store"
)

// lookups are asked while somebody waits for the first line of the log: they give up sooner than transfers.
var lookups = schedule{attempts: 3, pause: time.Second}

func retryLookup(ctx context.Context, do func() error) error {
	return retry(ctx, lookups, func(*Fault, time.Duration) {}, do)
}

// remote is an image in a registry, and how to reach it.
type remote struct {
	reference types.ImageReference
	system    *types.SystemContext
}

func remoteOf(settings protocol.Settings, text string) (remote, error) {
	if settings.Offline {
		return remote{}, offline(text)
	}
	named, err := parseReference(text)
	if err != nil {
		return remote{}, err
	}
	system, err := SystemContext(settings, named.String())
	if err != nil {
		return remote{}, err
	}
	at, err := docker.NewReference(named)
	if err != nil {
		return remote{}, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q: %v", text, err)}
	}
	return remote{reference: at, system: system}, nil
}

// offline is the answer to whoever would ask a registry for something.
func offline(text string) error {
	return &Fault{Code: Offline, Hint: "get it on this machine first, or run without --offline",
		Message: fmt.Sprintf("%s is not on this machine, and --offline forbids to ask its registry", text)}
}

// Describe tells what an image is by its manifest and configuration; of an index, by the entry for the platform.
func Describe(ctx context.Context, settings protocol.Settings, text string, os, architecture, variant string) (protocol.ImageFacts, error) {
	at, err := remoteOf(settings, text)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	at.system.OSChoice, at.system.ArchitectureChoice, at.system.VariantChoice = os, architecture, variant
	var facts protocol.ImageFacts
	err = retryLookup(ctx, func() error {
		facts, err = describe(ctx, at)
		return Classify(err, "reading", text)
	})
	if missing(err) {
		return protocol.ImageFacts{}, nil
	}
	return facts, err
}

func describe(ctx context.Context, at remote) (protocol.ImageFacts, error) {
	source, err := at.reference.NewImageSource(ctx, at.system)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	defer source.Close()
	top := image.UnparsedInstance(source, nil)
	found, err := image.FromUnparsedImage(ctx, at.system, top)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	configuration, err := found.ConfigBlob(ctx)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	facts, err := store.ReadConfiguration(configuration)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	// The manifest the tag names: what HEAD answers, also where it is an index.
	written, _, err := top.Manifest(ctx)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	digest, err := manifest.Digest(written)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	_, mediaType, err := found.Manifest(ctx)
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	facts.Digest, facts.MediaType = digest.String(), mediaType
	facts.Id = found.ConfigInfo().Digest.String()
	for _, layer := range found.LayerInfos() {
		facts.Size += int(max(layer.Size, 0))
	}
	return facts, nil
}

// Delete removes a manifest, and so every tag on it. An image that is not there is no error.
func Delete(ctx context.Context, settings protocol.Settings, text string) error {
	at, err := remoteOf(settings, text)
	if err != nil {
		return err
	}
	err = Classify(at.reference.DeleteImage(ctx, at.system), "deleting", text)
	if missing(err) {
		return nil
	}
	return err
}

func missing(err error) bool {
	var fault *Fault
	return errors.As(err, &fault) && fault.Code == NotFound
}
