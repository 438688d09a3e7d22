package registry

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

// Codes of what can go wrong with an archive.
const (
	// ArchiveInvalid says that a file is no archive of images, or a damaged one.
	ArchiveInvalid = "ARCHIVE_INVALID"
	// ArchiveUnfinished says that the copy into it was interrupted.
	ArchiveUnfinished = "ARCHIVE_UNFINISHED"
	// ArchiveBusy says that somebody else has it.
	ArchiveBusy = "ARCHIVE_BUSY"
	// ArchiveUnusable says that the file cannot be read or written.
	ArchiveUnusable = "ARCHIVE_UNUSABLE"
)

const (
	// layoutName comes first in every archive: by it a file is known to be one.
	layoutName = v1.ImageLayoutFile
	indexName  = v1.ImageIndexFile
	blobPrefix = v1.ImageBlobsDir + "/sha256/"
	// originalName is the annotation that tells where an image came from that is kept under another name.
	originalName = "dev.slipway.image.original"
	tarBlock     = 512
	// largestIndex is the size of index that is read.
	largestIndex = 256 << 20
)

// Archive is an OCI layout in one tar. Blobs are only ever added; the last index.json counts. What comes after it, or all of it
// where there is none, was written by a copy that has not ended.
type Archive struct {
	path  string
	file  *os.File
	blobs map[digest.Digest]extent
	// index lists the images, in the order of their names.
	index v1.Index
	// end is where the next entry goes; settled is the end of the last index.json, before which everything is known to be on disk.
	end, settled int64
}

// extent is where the content of a blob lies.
type extent struct{ offset, size int64 }

// ArchivedImage is an image of an archive.
type ArchivedImage struct{ Name, Original, Digest string }

// OpenArchive reads what an archive holds. It must be whole; nobody may be writing it.
func OpenArchive(path string) (*Archive, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, unusable(path, err)
	}
	a := &Archive{path: path, file: file}
	err = a.lock(unix.LOCK_SH)
	if err == nil {
		err = a.scan()
	}
	if err == nil && a.settled == 0 {
		err = &Fault{Code: ArchiveUnfinished, Hint: "run the copy that wrote it again: it goes on where it was interrupted",
			Message: fmt.Sprintf("the archive %s is not whole", path)}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return a, nil
}

// Close lets others have it.
func (a *Archive) Close() error { return a.file.Close() }

// Images lists what it holds.
func (a *Archive) Images() []ArchivedImage {
	images := make([]ArchivedImage, 0, len(a.index.Manifests))
	for _, one := range a.index.Manifests {
		images = append(images, ArchivedImage{Name: one.Annotations[v1.AnnotationRefName],
			Original: one.Annotations[originalName], Digest: one.Digest.String()})
	}
	return images
}

func (a *Archive) find(name string) (v1.Descriptor, bool) {
	for _, one := range a.index.Manifests {
		if one.Annotations[v1.AnnotationRefName] == name {
			return one, true
		}
	}
	return v1.Descriptor{}, false
}

func (a *Archive) lock(how int) error {
	err := unix.Flock(int(a.file.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &Fault{Code: ArchiveBusy, Hint: "wait until it has ended", Cause: err,
			Message: fmt.Sprintf("the archive %s is being written or read by another process", a.path)}
	}
	if err != nil {
		return unusable(a.path, err)
	}
	return nil
}

// scan walks over the entries, of which it reads the heads and the last index.
func (a *Archive) scan() error {
	status, err := a.file.Stat()
	if err != nil {
		return unusable(a.path, err)
	}
	if !status.Mode().IsRegular() {
		return foreign(a.path)
	}
	a.blobs, a.end, a.settled = map[digest.Digest]extent{}, 0, 0
	last := extent{}
	reader := tar.NewReader(a.file)
	for {
		head, err := reader.Next()
		if err != nil {
			// The end, or what an interrupted copy left: that begins where the last whole entry ends.
			break
		}
		offset, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return unusable(a.path, err)
		}
		if (a.end == 0) != (head.Name == layoutName) {
			return foreign(a.path)
		}
		end := offset + padded(head.Size)
		if end > status.Size() {
			break
		}
		switch hex, isBlob := strings.CutPrefix(head.Name, blobPrefix); {
		case isBlob:
			a.blobs[digest.NewDigestFromEncoded(digest.SHA256, hex)] = extent{offset, head.Size}
		case head.Name == indexName:
			last, a.settled = extent{offset, head.Size}, end
		case head.Name != layoutName:
			return foreign(a.path)
		}
		a.end = end
	}
	if a.end == 0 && status.Size() > 0 && !a.isBeginning(status.Size()) {
		return foreign(a.path)
	}
	if a.settled == 0 {
		return nil
	}
	return a.readIndex(last)
}

// isBeginning says whether the file is no more than the first bytes of an archive.
func (a *Archive) isBeginning(size int64) bool {
	begun := make([]byte, min(size, tarBlock))
	if _, err := a.file.ReadAt(begun, 0); err != nil {
		return false
	}
	head, err := entryHead(layoutName, int64(len(layoutText)))
	return err == nil && size <= tarBlock*2 && strings.HasPrefix(string(head), string(begun))
}

func (a *Archive) readIndex(at extent) error {
	if at.size > largestIndex {
		return foreign(a.path)
	}
	text := make([]byte, at.size)
	if _, err := a.file.ReadAt(text, at.offset); err != nil {
		return unusable(a.path, err)
	}
	if err := json.Unmarshal(text, &a.index); err != nil {
		return &Fault{Code: ArchiveInvalid, Cause: err, Hint: "make it anew",
			Message: fmt.Sprintf("the archive %s is damaged: its index cannot be read: %v", a.path, err)}
	}
	return nil
}

// text reads a small blob and compares it with its digest.
func (a *Archive) text(blob digest.Digest) ([]byte, error) {
	at, known := a.blobs[blob]
	if !known || at.size > largestManifest {
		return nil, a.damaged(blob)
	}
	text := make([]byte, at.size)
	if _, err := a.file.ReadAt(text, at.offset); err != nil {
		return nil, unusable(a.path, err)
	}
	if digest.FromBytes(text) != blob {
		return nil, a.damaged(blob)
	}
	return text, nil
}

func (a *Archive) manifest(_ context.Context, blob digest.Digest) ([]byte, error) {
	return a.text(blob)
}

func (a *Archive) blob(_ context.Context, blob v1.Descriptor) (func() (io.ReadSeekCloser, error), error) {
	at, known := a.blobs[blob.Digest]
	if !known || at.size != blob.Size {
		return nil, a.damaged(blob.Digest)
	}
	return func() (io.ReadSeekCloser, error) {
		return unclosed{io.NewSectionReader(a.file, at.offset, at.size)}, nil
	}, nil
}

// unclosed is a part of a file that somebody else closes.
type unclosed struct{ *io.SectionReader }

// Close does nothing.
func (unclosed) Close() error { return nil }

func (a *Archive) damaged(blob digest.Digest) error {
	return &Fault{Code: ArchiveInvalid, Hint: "make it anew",
		Message: fmt.Sprintf("the archive %s is damaged: %s is missing in it, or is not what it should be", a.path, blob)}
}

func foreign(file string) error {
	return &Fault{Code: ArchiveInvalid, Hint: "name one that `slipway stages copy` wrote, or a file that does not exist",
		Message: fmt.Sprintf("%s is not an archive of stages", file)}
}

func unusable(file string, err error) error {
	var known *Fault
	if errors.As(err, &known) {
		return err
	}
	fault := &Fault{Code: ArchiveUnusable, Cause: err, Message: fmt.Sprintf("the archive %s cannot be used: %v", path.Base(file), err)}
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		fault.Hint = "free some space and run it again: what is written is kept"
	}
	return fault
}

func padded(size int64) int64 { return (size + tarBlock - 1) / tarBlock * tarBlock }
