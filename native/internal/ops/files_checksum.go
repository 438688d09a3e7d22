package ops

import (
	"context"
	"errors"

	"slipway.dev/engine/internal/match"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/wire"
)

func checksumFiles(ctx context.Context, at *recipe.Workshop, params protocol.FilesChecksum, _ wire.Emit) (protocol.FilesChecked, error) {
	image, err := localImage(at, params.Image)
	if err != nil {
		return protocol.FilesChecked{}, err
	}
	checked, err := at.Checksum(ctx, image, params.Add, params.IncludePaths, params.ExcludePaths)
	return protocol.FilesChecked{Checksum: checked.Sum, Count: checked.Count, Found: checked.Found}, badMask(err)
}

// badMask gives the error of a mask its code.
func badMask(err error) error {
	var bad *match.BadPattern
	if errors.As(err, &bad) {
		return wire.Because(err, badPattern, err.Error(), "correct the pattern")
	}
	return err
}
