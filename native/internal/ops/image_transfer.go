package ops

import (
	"context"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/wire"
)

func pullImage(s *Session) func(context.Context, *recipe.Workshop, protocol.ImagePull, wire.Emit) (protocol.ImagePulled, error) {
	return func(ctx context.Context, at *recipe.Workshop, params protocol.ImagePull, emit wire.Emit) (protocol.ImagePulled, error) {
		platform, err := recipe.ParsePlatform(params.Platform)
		if err != nil {
			return protocol.ImagePulled{}, wire.Because(err, OptionInvalid, err.Error(), "")
		}
		pull := registry.Pull{
			Store:        at.Store,
			Settings:     s.Settings(),
			Reference:    params.Reference,
			Policy:       params.Policy,
			OS:           platform.OS,
			Architecture: platform.Architecture,
			Variant:      platform.Variant,
		}
		pulled, err := pull.Run(ctx, emit)
		if err != nil {
			return protocol.ImagePulled{}, err
		}
		facts, err := at.Store.FactsOf(pulled.Image)
		return protocol.ImagePulled{Facts: facts, Pulled: pulled.Fetched, Warnings: pulled.Warnings}, err
	}
}

func pushImage(s *Session) func(context.Context, *recipe.Workshop, protocol.ImagePush, wire.Emit) (protocol.Pushed, error) {
	return func(ctx context.Context, at *recipe.Workshop, params protocol.ImagePush, emit wire.Emit) (protocol.Pushed, error) {
		return s.uploads.Push(ctx, params.Image, params.Reference, emit)
	}
}
