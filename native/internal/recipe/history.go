package recipe

import v1 "github.com/opencontainers/image-spec/specs-go/v1"

// History is a copy of an image's, with an entry for each layer, also where the image has none.
func (i Image) History() []v1.History {
	full := append([]v1.History{}, i.Configuration.History...)
	layers := len(i.DiffIDs)
	for _, entry := range full {
		if !entry.EmptyLayer {
			layers--
		}
	}
	for range max(layers, 0) {
		full = append(full, v1.History{})
	}
	return full
}
