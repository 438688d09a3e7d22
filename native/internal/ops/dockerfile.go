package ops

import (
	"context"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/wire"
)

func parseDockerfile(_ context.Context, params protocol.DockerfileParse, _ wire.Emit) (protocol.DockerfileParsed, error) {
	return dockerfile.Parse(params), nil
}
