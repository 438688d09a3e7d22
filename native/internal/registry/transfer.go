package registry

import (
	"context"
	"fmt"
	"time"

	"go.podman.io/image/v5/copy"
	"go.podman.io/image/v5/signature"
	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/protocol"
)

// reportInterval is how often a transfer tells how far it is.
const reportInterval = 200 * time.Millisecond

// Report hears how many bytes of how many a transfer has moved, and remarks such as a pause before another attempt.
type Report interface {
	Bytes(text string, done, total int)
	Log(line string)
}

func copyOptions(settings protocol.Settings, system *types.SystemContext) *copy.Options {
	return &copy.Options{
		SourceCtx:            system,
		DestinationCtx:       system,
		MaxParallelDownloads: uint(max(settings.NetworkParallelism, 0)),
	}
}

// transfer copies one image, and returns its manifest as it is at the destination.
func transfer(
	ctx context.Context, from, to types.ImageReference, options *copy.Options, report Report, text string,
) ([]byte, error) {
	policy, err := signature.NewPolicyContext(&signature.Policy{
		Default: []signature.PolicyRequirement{signature.NewPRInsecureAcceptAnything()},
	})
	if err != nil {
		return nil, fmt.Errorf("making a signature policy: %w", err)
	}
	defer policy.Destroy()
	progress := make(chan types.ProgressProperties)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		follow(progress, report, text)
	}()
	defer func() { close(progress); <-finished }()
	options.Progress, options.ProgressInterval = progress, reportInterval
	return copy.Image(ctx, policy, to, from, options)
}

// follow adds up what the blobs of a transfer tell.
func follow(progress <-chan types.ProgressProperties, report Report, text string) {
	done, total := map[string]int{}, map[string]int{}
	for event := range progress {
		blob := event.Artifact.Digest.String()
		total[blob] = max(int(event.Artifact.Size), int(event.Offset), 0)
		switch event.Event {
		case types.ProgressEventSkipped:
			delete(total, blob)
			continue
		case types.ProgressEventDone:
			done[blob] = total[blob]
		default:
			done[blob] = int(event.Offset)
		}
		report.Bytes(text, sum(done), sum(total))
	}
}

func sum(counts map[string]int) int {
	total := 0
	for _, count := range counts {
		total += count
	}
	return total
}
