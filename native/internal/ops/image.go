package ops

import (
	"context"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/wire"
)

// withStore makes an operation of one that needs the open store; errors of the rooms below get their codes.
func withStore[P, R any](
	s *Session, run func(ctx context.Context, at *recipe.Workshop, params P, emit wire.Emit) (R, error),
) wire.Handler {
	return wire.Handle(func(ctx context.Context, params P, emit wire.Emit) (R, error) {
		var none R
		if s.storeObstacle != nil {
			return none, openFailure(s.storeObstacle)
		}
		at, err := s.atWork()
		if err != nil {
			return none, err
		}
		result, err := run(ctx, at, params, emit)
		return result, asFailure(at.Store, err)
	})
}

func listImages(_ context.Context, at *recipe.Workshop, params protocol.ImageList, _ wire.Emit) (protocol.TagList, error) {
	tags, err := at.Store.Tags(params.Repository, params.Prefix)
	return protocol.TagList{Tags: tags}, err
}

func inspectImage(_ context.Context, at *recipe.Workshop, params protocol.ImageName, _ wire.Emit) (protocol.ImageFacts, error) {
	return at.Store.Facts(params.Image)
}

func tagImage(_ context.Context, at *recipe.Workshop, params protocol.ImageTag, _ wire.Emit) (protocol.Nothing, error) {
	return nil, at.Store.Name(params.Image, params.Name)
}

func removeImage(_ context.Context, at *recipe.Workshop, params protocol.ImageName, _ wire.Emit) (protocol.Nothing, error) {
	return nil, at.Store.Remove(params.Image)
}

func commitImage(_ context.Context, at *recipe.Workshop, params protocol.ImageCommit, _ wire.Emit) (protocol.ImageFacts, error) {
	made, err := recipe.Relabel(at.Store, params.Image, byName(params.Labels), int64(params.SourceDateEpoch))
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	return named(at, made, params.Name)
}

func reconfigureImage(_ context.Context, at *recipe.Workshop, params protocol.ImageReconfigure, _ wire.Emit) (protocol.ImageFacts, error) {
	made, err := recipe.Reconfigure(at.Store, params.Image, []byte(params.Configuration))
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	return at.Store.FactsOf(made)
}

func keepRecord(_ context.Context, at *recipe.Workshop, params protocol.LocalRecord, _ wire.Emit) (protocol.ImageFacts, error) {
	made, err := recipe.KeepRecord(at.Store, byName(params.Labels))
	if err != nil {
		return protocol.ImageFacts{}, err
	}
	return named(at, made, params.Name)
}

// named gives a new image its name, if it is to have one.
func named(at *recipe.Workshop, image *storage.Image, name string) (protocol.ImageFacts, error) {
	if name != "" {
		if err := at.Store.Name("sha256:"+image.ID, name); err != nil {
			return protocol.ImageFacts{}, err
		}
	}
	return at.Store.FactsOf(image)
}

func byName(pairs []protocol.Pair) map[string]string {
	result := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		result[pair.Name] = pair.Value
	}
	return result
}
