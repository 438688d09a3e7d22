package recipe

import (
	"archive/tar"
	"context"
	"io"
	"path"
	"slices"

	"slipway.dev/engine/internal/layer"
)

// placeWay gives entries of a sorted stream their names in the image.
type placeWay struct {
	to    string
	owner owner
	open  func(ctx context.Context) (io.ReadCloser, error)
}

// placeWays are those of a recipe that does nothing but place files in directories of which none lies in another: their
// streams, one behind the other, are in the order of layers. nil: it does something else.
func (m *making) placeWays(below layer.Files) []*placeWay {
	var ways []*placeWay
	for _, step := range m.Steps {
		step, is := step.(Place)
		if !is || step.Open == nil || len(step.Removed) > 0 {
			return nil
		}
		// What is wrong here may be right when an earlier mapping is done.
		owner, err := ownerOf(below, step.Owner, step.Group)
		if err != nil {
			return nil
		}
		canonical, found, err := layer.Resolve(below, step.To)
		if err != nil || (found != nil && !found.IsDir()) {
			return nil
		}
		ways = append(ways, &placeWay{to: canonical, owner: owner.or(0), open: step.Open})
	}
	byPlace := func(a, b *placeWay) int { return layer.ByPlace(a.to, b.to) }
	others := func(w *placeWay) bool { return w.owner != ways[0].owner }
	if !slices.ContainsFunc(ways, others) {
		// It does not matter who makes a directory above two of them.
		slices.SortStableFunc(ways, byPlace)
	}
	for i := 1; i < len(ways); i++ {
		if byPlace(ways[i-1], ways[i]) >= 0 || layer.Under(ways[i].to, ways[i-1].to) {
			return nil
		}
	}
	return ways
}

// flowPlaces passes files on while they are read. The error is layer.ErrUnsorted where that cannot be done.
func (m *making) flowPlaces(ctx context.Context, below *layer.Tree, ways []*placeWay) (made layer.Made, changed bool, err error) {
	var way *placeWay
	flow := layer.NewFlow(below, m.Epoch, func(header *tar.Header) { way.dress(header) })
	made, err = m.Layers.Entries(ctx, m.Base.Layer, func(yield func(layer.Entry, error) bool) {
		for _, way = range ways {
			passed, stopped := false, false
			err := following(ctx, way.open, func(stream io.Reader) error {
				return m.passAll(flow, layer.NewArchive(stream), way.change, func(entry layer.Entry) bool {
					passed, stopped = true, !yield(entry, nil)
					return !stopped
				})
			})
			if err == nil && !passed {
				// What an empty stream means for the image is decided by planning it.
				err = layer.ErrUnsorted
			}
			if err != nil && !stopped {
				yield(layer.Entry{}, err)
			}
			if err != nil {
				return
			}
		}
	})
	made.Late = flow.Late()
	return made, err == nil, err
}

// dress is for directories that have to be made.
func (w *placeWay) dress(header *tar.Header) {
	header.Mode = madeMode
	w.owner.give(header)
}

func (w *placeWay) change(header *tar.Header) error {
	if header.Typeflag == tar.TypeDir {
		return layer.ErrUnsorted
	}
	header.Name = path.Join(w.to, header.Name)
	w.owner.give(header)
	return nil
}
