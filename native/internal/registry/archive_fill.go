package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"slipway.dev/engine/internal/protocol"
)

// ArchiveSource is an image of a registry, and the name it gets in an archive. Original is what it was called where that is
// something else than its reference now; it may be empty.
type ArchiveSource struct{ Name, Reference, Original string }

// Filled says what a copy into an archive did.
type Filled struct {
	// Gone are names of images that the registry did not have any more.
	Gone []string
	// Kept and Added count blobs: those of earlier copies, and those of this one. Bytes are of the latter.
	Kept, Added int
	Bytes       int64
}

const (
	// fetched is how many images are looked at ahead.
	fetched = 16
	// light is up to what size a blob is fetched ahead.
	light = 1 << 18
)

// Fill copies images into an archive, each blob once, as they are. Interrupted at any moment, it is gone on with by the next
// call; until one comes to its end the archive has no index.
func Fill(ctx context.Context, settings protocol.Settings, path string, images []ArchiveSource, report Report) (Filled, error) {
	w, err := writeArchive(ctx, path)
	if err != nil {
		return Filled{}, err
	}
	defer w.Close()
	f := &filling{archiveWriter: w, settings: settings, report: report}
	f.done.Kept = w.kept
	for start := 0; start < len(images); start += fetched {
		if err := f.some(ctx, images[start:min(start+fetched, len(images))]); err != nil {
			return f.done, err
		}
	}
	return f.done, w.finish(f.listed)
}

type filling struct {
	*archiveWriter
	settings protocol.Settings
	report   Report
	listed   []v1.Descriptor
	done     Filled
	total    int64
	told     time.Time
}

// ahead is an image of which all but the large blobs has been read; nil load: it is gone.
type ahead struct {
	source *remoteSource
	load   *parcel
	small  map[digest.Digest][]byte
}

func (f *filling) some(ctx context.Context, images []ArchiveSource) error {
	read := make([]ahead, len(images))
	defer func() {
		for _, one := range read {
			if one.source != nil {
				one.source.close()
			}
		}
	}()
	places := make(chan struct{}, atOnce)
	err := together(ctx, len(images), func(ctx context.Context, i int) error {
		release, err := take(ctx, places)
		if err != nil {
			return err
		}
		defer release()
		read[i], err = f.look(ctx, images[i].Reference)
		return err
	})
	if err != nil {
		return err
	}
	for i, image := range images {
		if read[i].load == nil {
			f.done.Gone = append(f.done.Gone, image.Name)
			continue
		}
		if err := f.keep(ctx, read[i], read[i].load); err != nil {
			return err
		}
		entry := read[i].load.descriptor()
		entry.Annotations = map[string]string{v1.AnnotationRefName: image.Name}
		if image.Original != "" {
			entry.Annotations[originalName] = image.Original
		}
		f.listed = append(f.listed, entry)
	}
	return nil
}

func (f *filling) look(ctx context.Context, reference string) (ahead, error) {
	opened, load, err := openRemote(ctx, f.settings, reference)
	if missing(err) {
		return ahead{}, nil
	}
	if err != nil {
		return ahead{}, err
	}
	one := ahead{source: opened, load: load, small: map[digest.Digest][]byte{}}
	return one, f.lookInto(ctx, one, load)
}

// lookInto fetches small blobs. Only the writing changes what the archive has, and that waits for all of this.
func (f *filling) lookInto(ctx context.Context, one ahead, load *parcel) error {
	for _, child := range load.children {
		if err := f.lookInto(ctx, one, child); err != nil {
			return err
		}
	}
	for _, blob := range load.blobs {
		if blob.Size > light || f.has(blob.Digest) {
			continue
		}
		err := Retry(ctx, f.tell, func() error {
			content, err := one.source.stream(ctx, blob)
			if err != nil {
				return err
			}
			defer content.Close()
			text, err := io.ReadAll(io.LimitReader(content, light))
			one.small[blob.Digest] = text
			return Classify(err, "reading", one.source.subject)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *filling) tell(fault *Fault, pause time.Duration) {
	f.report.Log(fmt.Sprintf("%v; trying again in %s", fault, pause))
}

// keep writes an image: blobs, the manifests of an index, its own.
func (f *filling) keep(ctx context.Context, one ahead, load *parcel) error {
	for _, child := range load.children {
		if err := f.keep(ctx, one, child); err != nil {
			return err
		}
	}
	for _, blob := range load.blobs {
		if f.has(blob.Digest) {
			continue
		}
		f.total += blob.Size
		if err := f.fetch(ctx, one, blob); err != nil {
			return err
		}
		f.done.Added++
		f.done.Bytes += blob.Size
	}
	if f.has(load.digest()) {
		return nil
	}
	f.done.Added++
	return f.add(load.descriptor(), bytes.NewReader(load.text))
}

func (f *filling) fetch(ctx context.Context, one ahead, blob v1.Descriptor) error {
	if text, isSmall := one.small[blob.Digest]; isSmall {
		return f.add(blob, bytes.NewReader(text))
	}
	return Retry(ctx, f.tell, func() error {
		content, err := one.source.stream(ctx, blob)
		if err != nil {
			return err
		}
		defer content.Close()
		err = f.add(blob, &counted{Reader: content, heard: f.progress})
		var known *Fault
		if errors.As(err, &known) || ctx.Err() != nil {
			return err
		}
		return Classify(err, "reading", one.source.subject)
	})
}

func (f *filling) progress(read int64) {
	if time.Since(f.told) < reportInterval {
		return
	}
	f.told = time.Now()
	f.report.Bytes("writing "+f.path, int(f.done.Bytes+read), int(f.total))
}

// counted tells how much was read.
type counted struct {
	io.Reader
	read  int64
	heard func(read int64)
}

// Read counts.
func (c *counted) Read(text []byte) (int, error) {
	n, err := c.Reader.Read(text)
	c.read += int64(n)
	c.heard(c.read)
	return n, err
}
