package ops

import (
	"regexp"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
)

// localRegistries finds names of images on this machine's registries in a Dockerfile.
var localRegistries = regexp.MustCompile(`(?i)(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?/[a-z0-9._/-]+`)

// libraryBuild is a build as imagebuildah takes it.
func libraryBuild(settings protocol.Settings, request dockerfile.Request, params protocol.ImageBuild) (recipe.Dockerfile, error) {
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
		BuildArgs:       byName(params.BuildArgs),
		Platform:        request.Platform,
		AddHosts:        params.AddHosts,
		Network:         request.Network,
		Secrets:         request.Secrets,
		Agents:          request.Agents,
		SourceDateEpoch: int64(params.SourceDateEpoch),
		System:          system,
	}, nil
}
