package registry

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"

	digest "github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

const layoutText = `{"imageLayoutVersion":"1.0.0"}`

// archiveWriter adds to an archive, of which it is the only user.
type archiveWriter struct {
	*Archive
	// kept is how many blobs an earlier copy had brought already.
	kept int
}

// writeArchive opens an archive to add to it, or makes it. What an interrupted copy has brought is kept, as far as it is whole.
func writeArchive(ctx context.Context, path string) (*archiveWriter, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, unusable(path, err)
	}
	w := &archiveWriter{Archive: &Archive{path: path, file: file}}
	err = w.lock(unix.LOCK_EX)
	if err == nil {
		err = w.scan()
	}
	if err == nil {
		err = w.check(ctx)
	}
	if err == nil && w.end == 0 {
		err = w.entry(layoutName, int64(len(layoutText)), bytes.NewReader([]byte(layoutText)))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	w.kept = len(w.blobs)
	return w, nil
}

// check compares with their digests those blobs of which it is not known that they reached the disk. At the first that is
// something else the file ends.
func (w *archiveWriter) check(ctx context.Context) error {
	type unsure struct {
		digest.Digest
		extent
	}
	var all []unsure
	for blob, at := range w.blobs {
		if at.offset >= w.settled {
			all = append(all, unsure{blob, at})
		}
	}
	slices.SortFunc(all, func(a, b unsure) int { return cmp.Compare(a.offset, b.offset) })
	for i, one := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		verifier := one.Verifier()
		if _, err := io.Copy(verifier, io.NewSectionReader(w.file, one.offset, one.size)); err != nil {
			return unusable(w.path, err)
		}
		if verifier.Verified() {
			continue
		}
		// Heads are one block each, but for those of blobs that no plain head can tell the size of.
		w.end = max(w.settled, tarBlock+padded(int64(len(layoutText))))
		if i > 0 {
			w.end = all[i-1].offset + padded(all[i-1].size)
		}
		for _, rest := range all[i:] {
			delete(w.blobs, rest.Digest)
		}
		break
	}
	return unusableUnless(w.path, w.file.Truncate(w.end))
}

func unusableUnless(path string, err error) error {
	if err == nil {
		return nil
	}
	return unusable(path, err)
}

func (w *archiveWriter) has(blob digest.Digest) bool {
	_, known := w.blobs[blob]
	return known
}

// add writes a blob. One that turns out to be something else, or breaks off, leaves nothing.
func (w *archiveWriter) add(blob v1.Descriptor, content io.Reader) error {
	if blob.Digest.Algorithm() != digest.SHA256 || blob.Digest.Validate() != nil {
		return &Fault{Code: Unpushable, Message: fmt.Sprintf("%s cannot be kept in an archive: it is not a SHA-256 digest", blob.Digest)}
	}
	verifier := blob.Digest.Verifier()
	start := w.end
	err := w.entry(blobPrefix+blob.Digest.Encoded(), blob.Size, io.TeeReader(content, verifier))
	if err == nil && !verifier.Verified() {
		err = &Fault{Code: Corrupt, Hint: changedOnTheWay, Message: fmt.Sprintf("what was got for %s is something else", blob.Digest)}
	}
	if err != nil {
		w.end = start
		if undone := w.file.Truncate(start); undone != nil {
			return unusable(w.path, undone)
		}
		return err
	}
	w.blobs[blob.Digest] = extent{w.end - padded(blob.Size), blob.Size}
	return nil
}

// entry writes exactly size bytes under a name.
func (w *archiveWriter) entry(name string, size int64, content io.Reader) error {
	head, err := entryHead(name, size)
	if err != nil {
		return err
	}
	if _, err := w.file.WriteAt(head, w.end); err != nil {
		return unusable(w.path, err)
	}
	offset := w.end + int64(len(head))
	to := &fileEnd{file: w.file, at: offset}
	copied, err := io.Copy(to, io.LimitReader(content, size))
	if to.failed != nil {
		return unusable(w.path, to.failed)
	}
	if err != nil {
		return err
	}
	if copied < size {
		return fmt.Errorf("%s breaks off after %d of %d bytes: %w", name, copied, size, io.ErrUnexpectedEOF)
	}
	if _, err := w.file.WriteAt(make([]byte, padded(size)-size), offset+size); err != nil {
		return unusable(w.path, err)
	}
	w.end = offset + padded(size)
	return nil
}

// fileEnd writes on at a place, and remembers what the file said.
type fileEnd struct {
	file   *os.File
	at     int64
	failed error
}

// Write appends.
func (f *fileEnd) Write(text []byte) (int, error) {
	written, err := f.file.WriteAt(text, f.at)
	f.at += int64(written)
	f.failed = err
	return written, err
}

func entryHead(name string, size int64) ([]byte, error) {
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}); err != nil {
		return nil, fmt.Errorf("writing the head of %s: %w", name, err)
	}
	return head.Bytes(), nil
}

// finish writes the index: these images, and those that were there under other names. Until then the archive is not whole.
func (w *archiveWriter) finish(images []v1.Descriptor) error {
	byName := map[string]v1.Descriptor{}
	for _, one := range append(slices.Clone(w.index.Manifests), images...) {
		byName[one.Annotations[v1.AnnotationRefName]] = one
	}
	index := v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex, Manifests: []v1.Descriptor{}}
	for _, one := range byName {
		index.Manifests = append(index.Manifests, one)
	}
	slices.SortFunc(index.Manifests, func(a, b v1.Descriptor) int {
		return cmp.Compare(a.Annotations[v1.AnnotationRefName], b.Annotations[v1.AnnotationRefName])
	})
	text, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("writing the index of an archive: %w", err)
	}
	before, err := json.Marshal(w.index)
	if err == nil && w.settled == w.end && bytes.Equal(before, text) {
		return w.trail()
	}
	if err := w.file.Sync(); err != nil {
		return unusable(w.path, err)
	}
	if err := w.entry(indexName, int64(len(text)), bytes.NewReader(text)); err != nil {
		return err
	}
	w.settled, w.index = w.end, index
	return w.trail()
}

// trail ends the tar.
func (w *archiveWriter) trail() error {
	if _, err := w.file.WriteAt(make([]byte, 2*tarBlock), w.end); err != nil {
		return unusable(w.path, err)
	}
	return unusableUnless(w.path, w.file.Sync())
}
