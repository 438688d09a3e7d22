package ops

import (
	"context"
	"errors"
	"os"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/store"
	"slipway.dev/engine/internal/wire"
)

// baseImages brings what a Dockerfile is based on into the store: an image that is here by that name or id, else the
// registry's.
func baseImages(
	settings protocol.Settings, at *recipe.Workshop, emit wire.Emit,
) func(ctx context.Context, reference, platform string) (recipe.Image, error) {
	return func(ctx context.Context, reference, platform string) (recipe.Image, error) {
		wanted, err := recipe.ParsePlatform(platform)
		if err != nil {
			return recipe.Image{}, wire.Because(err, OptionInvalid, err.Error(), "")
		}
		present, err := presentBase(at.Store, reference, wanted)
		if err != nil {
			return recipe.Image{}, err
		}
		if present != nil {
			return at.Load(present)
		}
		pull := registry.Pull{
			Store:        at.Store,
			Settings:     settings,
			Reference:    reference,
			Policy:       protocol.ImagePullPolicyMissing,
			OS:           wanted.OS,
			Architecture: wanted.Architecture,
			Variant:      wanted.Variant,
		}
		pulled, err := pull.Run(ctx, emit)
		if err != nil {
			return recipe.Image{}, err
		}
		return at.Load(pulled.Image)
	}
}

// presentBase looks for a local image for the platform; nil: there is none.
func presentBase(s *store.Store, reference string, wanted recipe.Platform) (*storage.Image, error) {
	found, err := s.Find(reference)
	if errors.Is(err, store.ErrNoImage) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	facts, err := s.FactsOf(found)
	if err != nil {
		return nil, err
	}
	is, err := recipe.ParsePlatform(facts.Platform)
	fits := is.OS == wanted.OS && is.Architecture == wanted.Architecture && (wanted.Variant == "" || is.Variant == wanted.Variant)
	if err != nil || !fits {
		return nil, nil
	}
	return found, nil
}

// proxies are the variables of proxies in this process's environment.
func proxies() map[string]string {
	found := map[string]string{}
	for _, name := range dockerfile.ProxyVariables() {
		if value := os.Getenv(name); value != "" {
			found[name] = value
		}
	}
	return found
}
