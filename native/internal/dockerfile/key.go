package dockerfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"

	"slipway.dev/engine/internal/recipe"
)

// keyFormat is raised whenever what decides an instruction's layer is written differently.
const keyFormat = "instruction/2"

// key is what an instruction's layer depends on, each field with its length, so that no two lists are written alike.
type key struct{ sum hash.Hash }

// newKey begins with what every instruction depends on.
func newKey(platform string, parent recipe.Image) *key {
	k := &key{sum: sha256.New()}
	k.add(keyFormat, platform)
	k.layers(parent)
	return k
}

func (k *key) add(fields ...string) {
	for _, field := range fields {
		fmt.Fprintf(k.sum, "%d:%s,", len(field), field)
	}
}

// list adds a list, its length first.
func (k *key) list(fields []string) {
	fmt.Fprintf(k.sum, "%d;", len(fields))
	k.add(fields...)
}

// layers adds what an image holds, whatever its dates.
func (k *key) layers(image recipe.Image) {
	first := image.FirstMade()
	ids := make([]string, len(first))
	for i, id := range first {
		ids[i] = id.String()
	}
	k.list(ids)
}

func (k *key) String() string { return hex.EncodeToString(k.sum.Sum(nil)) }
