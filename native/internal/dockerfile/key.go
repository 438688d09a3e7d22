package dockerfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"

	"slipway.dev/engine/internal/recipe"
)

// keyFormat is raised whenever what decides an instruction's layer is written differently.
const keyFormat = "instruction/1"

// key is what an instruction's layer depends on, each field with its length, so that no two lists are written alike.
type key struct{ sum hash.Hash }

// newKey begins with what every instruction depends on.
func newKey(platform string, parent recipe.Image, epoch int64) *key {
	k := &key{sum: sha256.New()}
	k.add(keyFormat, platform)
	k.layers(parent)
	k.add(strconv.FormatInt(epoch, 10))
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

// layers adds what an image holds.
func (k *key) layers(image recipe.Image) {
	ids := make([]string, len(image.DiffIDs))
	for i, id := range image.DiffIDs {
		ids[i] = id.String()
	}
	k.list(ids)
}

func (k *key) String() string { return hex.EncodeToString(k.sum.Sum(nil)) }
