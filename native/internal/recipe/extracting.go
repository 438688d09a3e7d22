package recipe

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"time"

	"slipway.dev/engine/internal/layer"
)

// following reads a stream that ends with the context.
func following(
	ctx context.Context, open func(ctx context.Context) (io.ReadCloser, error), use func(stream io.Reader) error,
) error {
	stream, err := open(ctx)
	if err != nil {
		return err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { stream.Close() })()
	err = use(stream)
	if err == nil {
		// The sender waits until all is read: behind the end of a tar there is padding.
		_, err = io.Copy(io.Discard, stream)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// extract plans all entries of a tar.
func (m *making) extract(ctx context.Context, draft *layer.Draft, step Extract) error {
	return following(ctx, step.Open, func(stream io.Reader) error {
		return m.unpack(draft, stream, step.To, func(*tar.Header) error { return nil })
	})
}

// unpack plans the entries of a tar below a directory of the image.
func (m *making) unpack(draft *layer.Draft, stream io.Reader, to string, change func(header *tar.Header) error) error {
	spool := m.spool()
	return eachEntry(stream, func(header *tar.Header, content io.Reader) error {
		if err := change(header); err != nil {
			return err
		}
		if err := m.take(draft, header, to, content, spool); err != nil {
			return fmt.Errorf("extracting %s: %w", header.Name, err)
		}
		return nil
	})
}

// eachEntry gives the entries of a tar one after the other, each with its content.
func eachEntry(stream io.Reader, use func(header *tar.Header, content io.Reader) error) error {
	archive := layer.NewArchive(stream)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = use(header, archive.Content())
		}
		if err != nil {
			return err
		}
	}
}

// take plans one entry of an archive.
func (m *making) take(draft *layer.Draft, header *tar.Header, to string, content io.Reader, spool *layer.Spool) error {
	entry := layer.Entry{Header: header}
	if header.Typeflag == tar.TypeReg {
		if err := m.Store.Room(header.Size); err != nil {
			return err
		}
		open, err := spool.Keep(content, header.Size)
		if err != nil {
			return err
		}
		entry.Open = open
	}
	if header.Typeflag == tar.TypeLink {
		header.Linkname = path.Join(to, header.Linkname)
	}
	canonical, found, err := layer.ResolveParent(draft, path.Join(to, header.Name))
	if err != nil {
		return err
	}
	if found != nil && found.IsLink() && header.Typeflag == tar.TypeDir {
		// A directory joins the one that a link leads to, as when /bin is usr/bin.
		if through, at, err := layer.Resolve(draft, canonical); err == nil && at != nil && at.IsDir() {
			canonical = through
		}
	}
	header.Name = canonical
	return draft.Put(entry)
}

// spool keeps contents in the recipe's directory.
func (m *making) spool() *layer.Spool {
	m.spools++
	return layer.NewSpool(fmt.Sprintf("%s/%d", m.directory, m.spools))
}

// stream passes on a recipe's only step while it is read. The error is layer.ErrUnsorted where that cannot be done.
func (m *making) stream(ctx context.Context, below *layer.Tree) (layer.Made, bool, error) {
	if ways := m.placeWays(below); ways != nil {
		return m.flowPlaces(ctx, below, ways)
	}
	if len(m.Steps) != 1 {
		return layer.Made{}, false, layer.ErrUnsorted
	}
	var open func(ctx context.Context) (io.ReadCloser, error)
	var change func(header *tar.Header) error
	flow := layer.NewFlow(below, m.Epoch, func(*tar.Header) {})
	switch step := m.Steps[0].(type) {
	case Extract:
		if !step.Sorted {
			return layer.Made{}, false, layer.ErrUnsorted
		}
		to, err := directoryIn(below, step.To)
		if err != nil {
			return layer.Made{}, false, err
		}
		open, change = step.Open, func(header *tar.Header) error {
			header.Name = path.Join(to, header.Name)
			return nil
		}
	case Copy:
		source, is := step.From.(ContextSource)
		if !is || !flows(step) {
			return layer.Made{}, false, layer.ErrUnsorted
		}
		renaming, err := newRenaming(below, step)
		if err != nil {
			return layer.Made{}, false, err
		}
		open, change = source.Open, renaming.change
		flow = layer.NewFlow(below, m.Epoch, renaming.way)
		flow.KeepDirectories = true
	default:
		return layer.Made{}, false, layer.ErrUnsorted
	}
	return m.flow(ctx, flow, open, change)
}

func (m *making) flow(
	ctx context.Context, flow *layer.Flow, open func(ctx context.Context) (io.ReadCloser, error),
	change func(header *tar.Header) error,
) (made layer.Made, changed bool, err error) {
	err = following(ctx, open, func(stream io.Reader) error {
		made, err = m.Layers.Entries(ctx, m.Base.Layer, m.flowing(flow, layer.NewArchive(stream), change))
		made.Late = flow.Late()
		return err
	})
	return made, err == nil, err
}

func (m *making) flowing(
	flow *layer.Flow, archive *layer.Archive, change func(header *tar.Header) error,
) iter.Seq2[layer.Entry, error] {
	return func(yield func(layer.Entry, error) bool) {
		stopped := false
		err := m.passAll(flow, archive, change, func(entry layer.Entry) bool {
			stopped = !yield(entry, nil)
			return !stopped
		})
		if err == nil && !flow.Passed() {
			// What an empty stream means for the image is decided by planning it.
			err = layer.ErrUnsorted
		}
		if err != nil && !stopped {
			yield(layer.Entry{}, err)
		}
	}
}

// passAll gives the entries of an archive on, until nobody wants more.
func (m *making) passAll(
	flow *layer.Flow, archive *layer.Archive, change func(header *tar.Header) error, give func(layer.Entry) bool,
) error {
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = change(header)
		}
		if errors.Is(err, errAbove) {
			continue
		}
		if err == nil {
			err = m.Store.Room(header.Size)
		}
		if err == nil {
			err = flow.Pass(header, archive.Content(), give)
		}
		if err != nil {
			return err
		}
	}
}

// directoryIn is the canonical name of a directory; what is missing of it will be made.
func directoryIn(files layer.Files, name string) (string, error) {
	canonical, found, err := layer.Resolve(files, name)
	if err != nil {
		return "", err
	}
	if found != nil && !found.IsDir() {
		return "", fmt.Errorf("/%s is not a directory", canonical)
	}
	return canonical, nil
}

// instantOf is never later than a recipe's epoch.
func instantOf(wanted, epoch time.Time) time.Time {
	if wanted.IsZero() || wanted.After(epoch) {
		return epoch
	}
	return wanted
}
