package layer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/storage"
	drivers "go.podman.io/storage/drivers"
	"go.podman.io/storage/pkg/archive"
	"slipway.dev/engine/internal/store"
)

// Committer makes layers of a store.
type Committer struct {
	Store *store.Store
	Blobs *Blobs
	// Directory is private to this run.
	Directory string
	idle      idleTrees
}

// source is where a layer comes from.
type source struct {
	parent  string
	entries iter.Seq2[Entry, error]
	// held is what the entries are read from, where that is the store itself. The library keeps it locked until this is closed:
	// even the removal of what is half made would wait for ever. Nil: they come from elsewhere.
	held io.Closer
	// move brings the entries, which are on the disk already, to a directory, after all of them were read; nil: they are written.
	move func(directory string, to beside) error
}

// Entries makes a layer over the parent of entries in the order of layers. Nothing is left behind when it fails.
func (c *Committer) Entries(ctx context.Context, parent string, entries iter.Seq2[Entry, error]) (Made, error) {
	return c.make(ctx, source{parent: parent, entries: entries})
}

func (c *Committer) make(ctx context.Context, from source) (Made, error) {
	if c.Store.Driver == store.VFS {
		return c.put(ctx, from)
	}
	return c.stage(ctx, from)
}

// stage makes the layer in the driver's staging directory, then moves it into the store.
func (c *Committer) stage(ctx context.Context, from source) (Made, error) {
	var made Made
	apply := func(directory string, options *archive.TarOptions) (output drivers.DriverWithDifferOutput, err error) {
		if err := c.Store.MarkStaging(filepath.Dir(directory)); err != nil {
			return output, err
		}
		made, output.TarSplit, err = c.write(ctx, from, directory, options.WhiteoutFormat != archive.OverlayWhiteoutFormat)
		output.UncompressedDigest, output.Size = made.DiffID, made.Size
		return output, err
	}
	output, err := c.Store.PrepareStagedLayer(&drivers.ApplyDiffWithDifferOpts{}, differ{apply})
	if from.held != nil {
		// What is wrong with it was heard from the entries.
		_ = from.held.Close()
	}
	if err != nil {
		return Made{}, errors.Join(err, c.discard(output))
	}
	return c.adopt(ctx, from.parent, made, output)
}

// differ lets the driver call for the content of a staging directory.
type differ struct {
	apply func(directory string, options *archive.TarOptions) (drivers.DriverWithDifferOutput, error)
}

// ApplyDiff fills the directory.
func (d differ) ApplyDiff(
	directory string, options *archive.TarOptions, _ *drivers.DifferOptions,
) (drivers.DriverWithDifferOutput, error) {
	return d.apply(directory, options)
}

// Close has nothing to close.
func (differ) Close() error { return nil }

func (c *Committer) discard(output *drivers.DriverWithDifferOutput) error {
	if output == nil || output.Target == "" {
		return nil
	}
	return c.Store.CleanupStagedLayer(output)
}

// write passes the entries through hash, description and compressor, and onto the disk where they are not there yet.
func (c *Committer) write(ctx context.Context, from source, directory string, markers bool) (made Made, split *os.File, err error) {
	kept, err := c.beside(directory)
	if err != nil {
		return Made{}, nil, err
	}
	if err := c.likeParent(from.parent, directory, kept); err != nil {
		return Made{}, nil, err
	}
	onto := &writer{root: directory, markers: markers, beside: kept}
	if from.move != nil {
		onto = nil
	}
	blob, err := c.Blobs.begin()
	if err != nil {
		return Made{}, nil, err
	}
	through, err := newStream(c.Directory, blob, nil)
	if err != nil {
		blob.abandon()
		return Made{}, nil, err
	}
	defer through.abandon()
	if err := pass(ctx, from.entries, through, onto); err != nil {
		return Made{}, through.split, err
	}
	if made, err = through.made(); err != nil {
		return Made{}, through.split, err
	}
	if from.move != nil {
		err = from.move(directory, kept)
	}
	if side, is := kept.(*sidecar); is && err == nil {
		err = side.save()
	}
	return made, through.split, err
}

// beside is what keeps the owners of a layer that is made in a directory; nil: they are real there.
func (c *Committer) beside(directory string) (beside, error) {
	if c.Store.Driver != store.Plain {
		return nil, nil
	}
	kept, err := newBeside(directory)
	if kept == nil {
		return nil, err
	}
	return kept, err
}

// pass takes entries one by one.
func pass(ctx context.Context, entries iter.Seq2[Entry, error], through *stream, onto *writer) error {
	for entry, err := range entries {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = one(entry, through, onto)
		}
		if err != nil {
			return err
		}
	}
	if onto != nil {
		return onto.finish()
	}
	return nil
}

func one(entry Entry, through *stream, onto *writer) error {
	if onto == nil {
		return through.add(entry, nil)
	}
	file, err := onto.begin(entry.Header)
	if err != nil {
		return fmt.Errorf("writing /%s: %w", entry.Header.Name, err)
	}
	if file == nil {
		return through.add(entry, nil)
	}
	if err := through.add(entry, file); err != nil {
		return errors.Join(err, file.Close())
	}
	return onto.end(file, entry.Header)
}

// likeParent gives a layer's root directory owner and mode of the one below.
func (c *Committer) likeParent(parent, directory string, kept beside) error {
	if parent == "" {
		return os.Chmod(directory, 0o755)
	}
	below, err := Open(c.Store, parent)
	if err != nil {
		return err
	}
	if kept != nil {
		header, err := HeaderOf(below.root, ".")
		if err != nil {
			return err
		}
		return dressBeside(directory, header, kept)
	}
	if err := os.Lchown(directory, int(below.root.Stat.Uid), int(below.root.Stat.Gid)); err != nil {
		return fmt.Errorf("preparing a layer: %w", err)
	}
	return os.Chmod(directory, os.FileMode(below.root.Stat.Mode&0o777))
}

// adopt makes a layer of the store of what was staged, unless it is there already.
func (c *Committer) adopt(
	ctx context.Context, parent string, made Made, output *drivers.DriverWithDifferOutput,
) (Made, error) {
	made.ID = IDOf(parent, made.DiffID)
	unlock, err := c.Store.Lock(ctx, "layers")
	if err != nil {
		return Made{}, errors.Join(err, c.discard(output))
	}
	defer unlock()
	if present, err := c.Store.Layer(made.ID); err == nil {
		if present.UncompressedDigest == made.DiffID && present.Parent == parent {
			return made, c.discard(output)
		}
		made.ID = ""
	}
	added, err := c.Store.ApplyStagedLayer(storage.ApplyStagedLayerOptions{
		ID: made.ID, ParentLayer: parent, DiffOutput: output, DiffOptions: &drivers.ApplyDiffWithDifferOpts{},
	})
	if err != nil {
		return Made{}, errors.Join(fmt.Errorf("adding a layer to the store: %w", err), c.discard(output))
	}
	made.ID = added.ID
	return made, c.Store.LeaveStaging(filepath.Dir(output.Target))
}

// IDOf is the id that the image library gives a layer when it pulls it, so that each finds what the other made.
func IDOf(parent string, diffID digest.Digest) string {
	if parent == "" {
		return diffID.Encoded()
	}
	return digest.Canonical.FromString(parent + "+" + diffID.Encoded()).Encoded()
}

// put gives the tar to a driver that keeps whole trees, while it is made.
func (c *Committer) put(ctx context.Context, from source) (Made, error) {
	blob, err := c.Blobs.begin()
	if err != nil {
		return Made{}, err
	}
	read, write := io.Pipe()
	through, err := newStream("", blob, write)
	if err != nil {
		blob.abandon()
		return Made{}, err
	}
	defer through.abandon()
	type result struct {
		made Made
		err  error
	}
	finished := make(chan result, 1)
	go func() {
		err := pass(ctx, from.entries, through, nil)
		var made Made
		if err == nil {
			made, err = through.made()
		}
		write.CloseWithError(err)
		finished <- result{made, err}
	}()
	added, _, err := c.Store.PutLayer("", from.parent, nil, "", false, nil, read)
	read.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	written := <-finished
	if written.err != nil && !errors.Is(written.err, io.ErrClosedPipe) {
		err = written.err
	}
	if err != nil {
		return Made{}, fmt.Errorf("adding a layer to the store: %w", err)
	}
	return c.settle(ctx, from.parent, written.made, added)
}

// settle keeps one of equal layers.
func (c *Committer) settle(ctx context.Context, parent string, made Made, added *storage.Layer) (Made, error) {
	made.ID = added.ID
	unlock, err := c.Store.Lock(ctx, "layers")
	if err != nil {
		return Made{}, err
	}
	defer unlock()
	equal, err := c.Store.LayersByUncompressedDigest(made.DiffID)
	if err != nil {
		return Made{}, fmt.Errorf("looking for layers: %w", err)
	}
	for _, other := range equal {
		if other.ID != made.ID && other.Parent == parent && other.Created.Before(added.Created) {
			if c.Store.DeleteLayer(made.ID) == nil {
				made.ID = other.ID
			}
			break
		}
	}
	return made, nil
}

// Redate makes a layer of what another holds, as if that had been made over the parent with another epoch: entries as old
// as the former epoch get the new one. It is exact unless the layer is Late.
func (c *Committer) Redate(ctx context.Context, parent, id string, from, to time.Time) (Made, error) {
	stream, err := c.tarOf(id)
	if err != nil {
		return Made{}, err
	}
	defer stream.Close()
	return c.make(ctx, source{parent: parent, entries: redated(stream, from, to), held: stream})
}

// tarOf reads a layer. The library holds the store's lock as long as it is read: where the driver makes a layer meanwhile, it
// is kept in a file first.
func (c *Committer) tarOf(id string) (io.ReadCloser, error) {
	stream, err := ReadTar(c.Store, id)
	if err != nil || c.Store.Driver != store.VFS {
		return stream, err
	}
	defer stream.Close()
	file, err := os.CreateTemp(c.Directory, "layer-*")
	if err != nil {
		return nil, fmt.Errorf("reading layer %s: %w", id, err)
	}
	if err = os.Remove(file.Name()); err == nil {
		_, err = io.Copy(file, stream)
	}
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reading layer %s: %w", id, err), file.Close())
	}
	return file, nil
}

func redated(stream io.ReadCloser, from, to time.Time) iter.Seq2[Entry, error] {
	archive := NewArchive(stream)
	return func(yield func(Entry, error) bool) {
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				// Others may use the store while the layer is completed.
				stream.Close()
				return
			}
			if err == nil && (header.ModTime.Equal(from) || header.ModTime.After(to)) {
				header.ModTime = to
			}
			entry := Entry{Header: header, Open: func() (io.ReadCloser, error) { return io.NopCloser(archive.Content()), nil }}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}
