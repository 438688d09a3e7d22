package registry

import (
	"context"
	"errors"
	"fmt"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"
)

// currentDigest asks what a tag points at now: mirrors first, then where registries.conf says that the image really lies.
// The library itself asks only the place that the name says.
func currentDigest(ctx context.Context, system *types.SystemContext, named reference.Named) (digest.Digest, error) {
	sources, err := pullSources(system, named)
	if err != nil {
		return "", err
	}
	var failures []error
	for _, source := range sources {
		at, err := docker.NewReference(source.Reference)
		if err != nil {
			return "", fmt.Errorf("%s: %w", source.Reference, err)
		}
		own := *system
		if source.Endpoint.Insecure {
			own.DockerInsecureSkipTLSVerify = types.OptionalBoolTrue
		}
		found, err := docker.GetDigest(ctx, &own, at)
		if err == nil {
			return found, nil
		}
		failures = append(failures, err)
	}
	return "", errors.Join(failures...)
}

func pullSources(system *types.SystemContext, named reference.Named) ([]sysregistriesv2.PullSource, error) {
	registry, err := sysregistriesv2.FindRegistry(system, named.Name())
	if err != nil {
		return nil, fmt.Errorf("reading registries.conf: %w", err)
	}
	if registry == nil {
		return []sysregistriesv2.PullSource{{Reference: named}}, nil
	}
	sources, err := registry.PullSourcesFromReference(named)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", named, err)
	}
	return sources, nil
}
