package ops

import (
	"context"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/wire"
)

func listTags(s *Session, lists *registry.TagLists) func(context.Context, protocol.RegistryTags, wire.Emit) (protocol.TagList, error) {
	return func(ctx context.Context, params protocol.RegistryTags, _ wire.Emit) (protocol.TagList, error) {
		tags, err := lists.Find(ctx, s.Settings(), params.Repository, params.Prefix, params.Refresh)
		return protocol.TagList{Tags: tags}, asFailure(nil, err)
	}
}

func describeImage(s *Session) func(context.Context, protocol.RegistryImage, wire.Emit) (protocol.ImageFacts, error) {
	return func(ctx context.Context, params protocol.RegistryImage, _ wire.Emit) (protocol.ImageFacts, error) {
		platform, err := recipe.ParsePlatform(params.Platform)
		if err != nil {
			return protocol.ImageFacts{}, wire.Because(err, OptionInvalid, err.Error(), "")
		}
		facts, err := registry.Describe(ctx, s.Settings(), params.Reference, platform.OS, platform.Architecture, platform.Variant)
		return facts, asFailure(nil, err)
	}
}

func registryConfiguration(s *Session) func(context.Context, protocol.RegistryConfiguration, wire.Emit) (protocol.ImageConfiguration, error) {
	return func(ctx context.Context, params protocol.RegistryConfiguration, _ wire.Emit) (protocol.ImageConfiguration, error) {
		of, err := placeOf(params.Reference, params.Platform)
		if err != nil {
			return protocol.ImageConfiguration{}, err
		}
		text, err := registry.Configuration(ctx, s.Settings(), of)
		return protocol.ImageConfiguration{Text: text}, asFailure(nil, err)
	}
}

func placeOf(reference, platform string) (registry.Place, error) {
	parsed, err := recipe.ParsePlatform(platform)
	if err != nil {
		return registry.Place{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	return registry.Place{Reference: reference, OS: parsed.OS, Architecture: parsed.Architecture, Variant: parsed.Variant}, nil
}

func reconfigureRemote(s *Session) func(context.Context, protocol.RegistryReconfigure, wire.Emit) (protocol.Pushed, error) {
	return func(ctx context.Context, params protocol.RegistryReconfigure, emit wire.Emit) (protocol.Pushed, error) {
		from, err := placeOf(params.From, params.Platform)
		if err != nil {
			return protocol.Pushed{}, err
		}
		write := s.writer.Reconfigure
		if !params.Tagged {
			write = s.writer.ReconfigureUntagged
		}
		pushed, err := write(ctx, from, params.To, []byte(params.Configuration), emit)
		return pushed, asFailure(nil, err)
	}
}

func writeRecord(s *Session) func(context.Context, protocol.RegistryRecord, wire.Emit) (protocol.Pushed, error) {
	return func(ctx context.Context, params protocol.RegistryRecord, emit wire.Emit) (protocol.Pushed, error) {
		pushed, err := s.writer.Record(ctx, params.Reference, byName(params.Labels), emit)
		return pushed, asFailure(nil, err)
	}
}

func headImage(s *Session, reading *registry.Reading) func(context.Context, protocol.RegistryHead, wire.Emit) (protocol.Headed, error) {
	return func(ctx context.Context, params protocol.RegistryHead, _ wire.Emit) (protocol.Headed, error) {
		digest, err := reading.Head(ctx, s.Settings(), params.Reference)
		return protocol.Headed{Found: digest != "", Digest: digest}, asFailure(nil, err)
	}
}

func copyImage(s *Session) func(context.Context, protocol.RegistryCopy, wire.Emit) (protocol.Pushed, error) {
	return func(ctx context.Context, params protocol.RegistryCopy, emit wire.Emit) (protocol.Pushed, error) {
		pushed, err := s.writer.Copy(ctx, params.From, params.To, emit)
		return pushed, asFailure(nil, err)
	}
}

func writeIndex(s *Session) func(context.Context, protocol.RegistryIndex, wire.Emit) (protocol.Pushed, error) {
	return func(ctx context.Context, params protocol.RegistryIndex, emit wire.Emit) (protocol.Pushed, error) {
		images := make([]registry.Place, len(params.Images))
		for i, image := range params.Images {
			of, err := placeOf(image.Reference, image.Platform)
			if err != nil {
				return protocol.Pushed{}, err
			}
			images[i] = of
		}
		pushed, err := s.writer.Index(ctx, params.Repository+":"+params.Tag, images, emit)
		return pushed, asFailure(nil, err)
	}
}

func deleteImage(s *Session) func(context.Context, protocol.RegistryDelete, wire.Emit) (protocol.Nothing, error) {
	return func(ctx context.Context, params protocol.RegistryDelete, _ wire.Emit) (protocol.Nothing, error) {
		return protocol.Nothing{}, asFailure(nil, registry.Delete(ctx, s.Settings(), params.Reference))
	}
}

func logIn(s *Session) func(context.Context, protocol.RegistryLogin, wire.Emit) (protocol.Nothing, error) {
	return func(ctx context.Context, params protocol.RegistryLogin, _ wire.Emit) (protocol.Nothing, error) {
		return protocol.Nothing{}, asFailure(nil, registry.Login(ctx, s.Settings(), params))
	}
}
