package dockerfile

import (
	"context"

	"slipway.dev/engine/internal/recipe"
)

// job is what an instruction does to the files of an image.
type job struct {
	// decide adds everything to the key that decides the layer, besides parent, platform and epoch.
	decide func(k *key)
	// fleeting says that it cannot be remembered: something that decides is not known.
	fleeting bool
	// steps prepares what must be on the disk, in a directory that goes with the job, and says what to do.
	steps func(ctx context.Context, directory string) ([]recipe.Step, error)
}

// checksum is that of a need of the context; known is false where it was not given.
func (r Request) checksum(need int) (text string, known bool) {
	if need >= len(r.ContextChecksums) {
		return "", false
	}
	return r.ContextChecksums[need], r.ContextChecksums[need] != ""
}
