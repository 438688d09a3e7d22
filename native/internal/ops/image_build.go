package ops

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/wire"
)

func buildImage(s *Session) func(context.Context, *recipe.Workshop, protocol.ImageBuild, wire.Emit) (protocol.ImageBuilt, error) {
	return func(ctx context.Context, at *recipe.Workshop, params protocol.ImageBuild, emit wire.Emit) (protocol.ImageBuilt, error) {
		made, err := s.dockerfileImage(ctx, at, params, emit)
		if err != nil {
			return protocol.ImageBuilt{}, err
		}
		facts, err := at.Store.FactsOf(made)
		return protocol.ImageBuilt{Facts: facts}, err
	}
}

// dockerfileImage builds a Dockerfile as recipes, or by imagebuildah where it asks for what recipes cannot do.
func (s *Session) dockerfileImage(
	ctx context.Context, at *recipe.Workshop, params protocol.ImageBuild, emit wire.Emit,
) (*storage.Image, error) {
	settings := s.Settings()
	request, err := buildRequest(settings, at, params, emit)
	if err != nil {
		return nil, err
	}
	s.building.Add(1)
	made, err := s.build(ctx, request, emit)
	if s.building.Add(-1) == 0 {
		err = errors.Join(err, at.Layers.Rest())
	}
	var unsupported *dockerfile.Unsupported
	if errors.As(err, &unsupported) {
		place := request.Name
		if unsupported.Line > 0 {
			place = fmt.Sprintf("%s:%d", request.Name, unsupported.Line)
		}
		emit.Log(fmt.Sprintf("%s: %s is built by imagebuildah", place, unsupported.What))
		build, err := libraryBuild(settings, request, params)
		if err != nil {
			return nil, err
		}
		return at.Build(ctx, build, emit)
	}
	if err != nil {
		return nil, err
	}
	return at.Save(made, request.Epoch)
}

// buildsAgain is how often a build begins again whose layers were removed under it, as nothing but it held them.
const buildsAgain = 3

func (s *Session) build(ctx context.Context, request dockerfile.Request, emit wire.Emit) (made recipe.Image, err error) {
	for range buildsAgain {
		if made, err = s.builder.Build(ctx, request, emit); !layer.Gone(err) {
			return made, err
		}
	}
	return made, err
}

func buildRequest(
	settings protocol.Settings, at *recipe.Workshop, params protocol.ImageBuild, emit wire.Emit,
) (dockerfile.Request, error) {
	platform, err := recipe.ParsePlatform(params.Platform)
	if err != nil {
		return dockerfile.Request{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	network, err := isolation.ParseNetwork(params.Network)
	if err != nil {
		return dockerfile.Request{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	secrets, err := secretsOf(params.Secrets)
	if err != nil {
		return dockerfile.Request{}, err
	}
	return dockerfile.Request{
		Text:             params.Dockerfile,
		Name:             params.DockerfileName,
		Target:           params.Target,
		BuildArgs:        params.BuildArgs,
		Platform:         platform,
		ContextSocket:    params.ContextSocket,
		ContextChecksums: params.ContextChecksums,
		AddHosts:         params.AddHosts,
		Network:          network,
		Epoch:            time.Unix(int64(params.SourceDateEpoch), 0).UTC(),
		UploadTo:         params.UploadTo,
		Proxies:          proxies(),
		Secrets:          secrets,
		Agents:           byName(params.SshAgents),
		Base:             baseImages(settings, at, emit),
	}, nil
}

// secretsOf decodes what RUN may mount. The error tells nothing of the content.
func secretsOf(given []protocol.BuildSecret) (map[string][]byte, error) {
	secrets := map[string][]byte{}
	for _, secret := range given {
		content, err := base64.StdEncoding.DecodeString(secret.Content)
		if err != nil {
			return nil, wire.Fail(OptionInvalid, fmt.Sprintf("the content of the secret %q is not base64", secret.Id), "")
		}
		secrets[secret.Id] = content
	}
	return secrets, nil
}

func runImage(ctx context.Context, at *recipe.Workshop, params protocol.RunCommand, emit wire.Emit) (protocol.Ran, error) {
	status, err := at.Run(ctx, params.Image, params.Command, terminalOf(params.Terminal), emit)
	return protocol.Ran{ExitCode: status}, err
}
