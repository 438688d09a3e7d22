package ops

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"slipway.dev/engine/internal/match"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/wire"
)

// badPattern says that a pattern of the configuration cannot be understood.
const badPattern = "BAD_PATTERN"

func matchPaths(_ context.Context, params protocol.MatchPaths, _ wire.Emit) (protocol.MatchedPaths, error) {
	list, err := os.ReadFile(params.ListFile)
	if err != nil {
		return protocol.MatchedPaths{}, fmt.Errorf("reading the list of paths: %w", err)
	}
	var paths []string
	if len(list) > 0 {
		paths = strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
	}
	var answer protocol.MatchedPaths
	for _, query := range params.Queries {
		bitmap, err := match.Bitmap(string(query.Kind), query.Patterns, paths)
		var bad *match.BadPattern
		if errors.As(err, &bad) {
			return answer, wire.Because(err, badPattern, err.Error(), "correct the pattern")
		}
		if err != nil {
			return answer, err
		}
		answer.Bitmaps = append(answer.Bitmaps, base64.StdEncoding.EncodeToString(bitmap))
	}
	return answer, nil
}
