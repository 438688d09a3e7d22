package ops

import (
	"context"
	"regexp"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/wire"
)

// localRegistries finds names of images on this machine's registries in a Dockerfile.
var localRegistries = regexp.MustCompile(`(?i)(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?/[a-z0-9._/-]+`)

func buildImage(s *Session) func(context.Context, *recipe.Workshop, protocol.ImageBuild, wire.Emit) (protocol.ImageBuilt, error) {
	return func(ctx context.Context, at *recipe.Workshop, params protocol.ImageBuild, emit wire.Emit) (protocol.ImageBuilt, error) {
		build, err := dockerfileBuild(s.Settings(), params)
		if err != nil {
			return protocol.ImageBuilt{}, err
		}
		made, err := at.Build(ctx, build, emit)
		if err != nil {
			return protocol.ImageBuilt{}, err
		}
		facts, err := at.Store.FactsOf(made)
		return protocol.ImageBuilt{Facts: facts}, err
	}
}

func dockerfileBuild(settings protocol.Settings, params protocol.ImageBuild) (recipe.Dockerfile, error) {
	platform, err := recipe.ParsePlatform(params.Platform)
	if err != nil {
		return recipe.Dockerfile{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	network, err := isolation.ParseNetwork(params.Network)
	if err != nil {
		return recipe.Dockerfile{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	arguments := byName(params.BuildArgs)
	references := localRegistries.FindAllString(params.Dockerfile, -1)
	for _, pair := range params.BuildArgs {
		references = append(references, localRegistries.FindAllString(pair.Value, -1)...)
	}
	system, err := registry.SystemContext(settings, references...)
	if err != nil {
		return recipe.Dockerfile{}, err
	}
	return recipe.Dockerfile{
		Text:            params.Dockerfile,
		Name:            params.DockerfileName,
		ContextSocket:   params.ContextSocket,
		Target:          params.Target,
		BuildArgs:       arguments,
		Platform:        platform,
		AddHosts:        params.AddHosts,
		Network:         network,
		SourceDateEpoch: int64(params.SourceDateEpoch),
		System:          system,
	}, nil
}

func runImage(s *Session) func(context.Context, *recipe.Workshop, protocol.RunCommand, wire.Emit) (protocol.Ran, error) {
	return func(ctx context.Context, at *recipe.Workshop, params protocol.RunCommand, emit wire.Emit) (protocol.Ran, error) {
		system, err := registry.SystemContext(s.Settings())
		if err != nil {
			return protocol.Ran{}, err
		}
		status, err := at.Run(ctx, params.Image, params.Command, system, emit)
		return protocol.Ran{ExitCode: status}, err
	}
}
