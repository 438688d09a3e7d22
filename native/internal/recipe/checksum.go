package recipe

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/match"
)

// Checked is what an import would take.
type Checked struct {
	// Sum is SHA-256 over path, type, mode and content of each file, sorted by path; hexadecimal.
	Sum string
	// Count is how many files, links and directories there are.
	Count int
	// Found says that there is anything at the path.
	Found bool
}

// summed is a file as it is told to the checksum.
type summed struct {
	path, kind, mode string
	// content is the hash of a file's, the target of a link, or the numbers of a device.
	content string
	file    layer.File
}

// readers bounds how many files are read at once.
const readers = 8

// Checksum tells what an import would take of an image. add and masks are as in Import.
func (w *Workshop) Checksum(ctx context.Context, image Image, add string, include, exclude []string) (Checked, error) {
	source, err := w.Tree(image)
	if err != nil {
		return Checked{}, err
	}
	masks, err := match.NewMasks(include, exclude)
	if err != nil {
		return Checked{}, err
	}
	var list []*summed
	found, err := selectFiles(source, add, masks, func(one selected) error {
		told, err := tellTo(one)
		if err == nil && told != nil {
			list = append(list, told)
		}
		return cmp.Or(err, ctx.Err())
	})
	if err != nil || !found {
		return Checked{}, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(min(runtime.NumCPU(), readers))
	for _, one := range list {
		if one.file != nil {
			group.Go(func() error { return one.read(ctx) })
		}
	}
	if err := group.Wait(); err != nil {
		return Checked{}, err
	}
	slices.SortFunc(list, func(a, b *summed) int { return cmp.Compare(a.path, b.path) })
	sum := sha256.New()
	for _, one := range list {
		for _, text := range []string{one.path, one.kind, one.mode, one.content} {
			fmt.Fprintf(sum, "%d:%s,", len(text), text)
		}
	}
	return Checked{Sum: hex.EncodeToString(sum.Sum(nil)), Count: len(list), Found: true}, nil
}

// tellTo describes a file but for the content of a plain one; nil for what no image can hold.
func tellTo(one selected) (*summed, error) {
	entry, err := one.entry(one.path, time.Time{})
	header := entry.Header
	if err != nil || header == nil {
		return nil, err
	}
	told := &summed{path: one.path, mode: fmt.Sprintf("%04o", header.Mode&0o7777)}
	device := fmt.Sprintf("%d:%d", header.Devmajor, header.Devminor)
	switch header.Typeflag {
	case tar.TypeReg:
		told.kind, told.file = "file", one.file
	case tar.TypeDir:
		told.kind = "dir"
	case tar.TypeSymlink:
		told.kind, told.content = "link", header.Linkname
	case tar.TypeChar:
		told.kind, told.content = "char", device
	case tar.TypeBlock:
		told.kind, told.content = "block", device
	case tar.TypeFifo:
		told.kind = "pipe"
	}
	return told, nil
}

// read hashes a content.
func (s *summed) read(ctx context.Context) error {
	content, err := s.file.Open()
	if err != nil {
		return fmt.Errorf("reading %s: %w", s.path, err)
	}
	defer content.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, untilDone{ctx, content}); err != nil {
		return fmt.Errorf("reading %s: %w", s.path, err)
	}
	s.content = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// untilDone is a reader that ends with a context.
type untilDone struct {
	ctx context.Context
	io.Reader
}

// Read reads.
func (u untilDone) Read(to []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(to)
}
