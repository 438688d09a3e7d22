package ops

import (
	"maps"
	"slices"
	"testing"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/protocol"
)

func TestEveryOperationOfTheProtocolIsAnswered(t *testing.T) {
	answered := slices.Sorted(maps.Keys(Table(NewSession("1", host.Ground{}))))
	wanted := slices.Sorted(maps.Keys(protocol.Operations))
	if !slices.Equal(answered, wanted) {
		t.Errorf("answered %q\nwanted   %q", answered, wanted)
	}
}
