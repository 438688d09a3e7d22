package layer

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
	"os"

	digest "github.com/opencontainers/go-digest"
	"github.com/vbatts/tar-split/tar/storage"
)

// copyBuffer is how much of a file is read at once.
const copyBuffer = 256 << 10

// stream is the tar of a layer on its way: hashed, described for tar-split, and compressed, all in one pass.
type stream struct {
	tar  *tar.Writer
	size int64
	hash *backgroundHash
	// blob compresses; nil: nobody wants the layer compressed.
	blob *blobWriter
	// copy takes the tar as it is; nil: it goes nowhere else.
	copy io.Writer
	// split is the description that storage makes the same tar from again; an unnamed file.
	split   *os.File
	written *bufio.Writer
	packer  storage.Packer
	pending bytes.Buffer
	sum     hash.Hash64
	inFile  bool
	buffer  []byte
}

// newStream makes a stream. Its description for tar-split lies in the directory, without a name; an empty directory: nobody
// wants it.
func newStream(directory string, blob *blobWriter, copy io.Writer) (*stream, error) {
	compressed := io.Writer(nil)
	if blob != nil {
		compressed = blob
	}
	s := &stream{hash: newBackgroundHash(compressed), blob: blob, copy: copy, sum: crc64.New(storage.CRCTable),
		buffer: make([]byte, copyBuffer)}
	s.tar = tar.NewWriter(route{s})
	if directory == "" {
		return s, nil
	}
	var err error
	if s.split, err = os.CreateTemp(directory, "tar-split-*"); err != nil {
		return nil, fmt.Errorf("making a layer: %w", err)
	}
	if err := os.Remove(s.split.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("making a layer: %w", err), s.split.Close())
	}
	s.written = bufio.NewWriterSize(s.split, copyBuffer)
	s.packer = storage.NewJSONPacker(s.written)
	return s, nil
}

// route is where the tar writer writes to.
type route struct{ *stream }

// Write takes a part of the tar, of a header or of a file.
func (r route) Write(data []byte) (int, error) {
	r.size += int64(len(data))
	r.hash.Write(data)
	if r.packer != nil {
		r.describe(data)
	}
	if r.copy != nil {
		if _, err := r.copy.Write(data); err != nil {
			return 0, err
		}
	}
	return len(data), nil
}

func (s *stream) describe(data []byte) {
	if s.inFile {
		s.sum.Write(data)
	} else {
		s.pending.Write(data)
	}
}

// add writes one entry. `also` gets the content of a plain file too, unless it is nil.
func (s *stream) add(entry Entry, also io.Writer) error {
	header := *entry.Header
	if header.Typeflag == tar.TypeDir {
		header.Name += "/"
	}
	header.Uname, header.Gname, header.Format = "", "", tar.FormatUnknown
	if err := s.tar.WriteHeader(&header); err != nil {
		return fmt.Errorf("%s: %w", entry.Header.Name, err)
	}
	if err := s.flushSegment(); err != nil {
		return err
	}
	described := storage.Entry{Type: storage.FileType}
	described.SetName(header.Name)
	if header.Typeflag == tar.TypeReg && header.Size > 0 {
		if err := s.content(entry, also); err != nil {
			return err
		}
		described.Size, described.Payload = header.Size, s.sum.Sum(nil)
	}
	if s.packer != nil {
		if _, err := s.packer.AddEntry(described); err != nil {
			return fmt.Errorf("describing %s: %w", entry.Header.Name, err)
		}
	}
	// The padding belongs to what follows.
	return s.tar.Flush()
}

// errChanged says that a file has another size than when the layer was planned.
var errChanged = errors.New("the file changed while it was read")

func (s *stream) content(entry Entry, also io.Writer) error {
	file, err := entry.Open()
	if err != nil {
		return fmt.Errorf("reading %s: %w", entry.Header.Name, err)
	}
	defer file.Close()
	s.sum.Reset()
	s.inFile = true
	defer func() { s.inFile = false }()
	to := io.Writer(s.tar)
	if also != nil {
		to = io.MultiWriter(s.tar, also)
	}
	// Not io.Copy alone: the tar writer and the file would take shortcuts around the buffer.
	written, err := io.CopyBuffer(plainWriter{to}, plainReader{io.LimitReader(file, entry.Header.Size)}, s.buffer)
	if err == nil && written != entry.Header.Size {
		err = errChanged
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", entry.Header.Name, err)
	}
	return nil
}

type (
	plainWriter struct{ io.Writer }
	plainReader struct{ io.Reader }
)

func (s *stream) flushSegment() error {
	if s.packer == nil || s.pending.Len() == 0 {
		return nil
	}
	_, err := s.packer.AddEntry(storage.Entry{Type: storage.SegmentType, Payload: bytes.Clone(s.pending.Bytes())})
	s.pending.Reset()
	if err != nil {
		return fmt.Errorf("describing a layer: %w", err)
	}
	return nil
}

// made ends the tar and tells what it is. The blob is zero where none was made.
func (s *stream) made() (Made, error) {
	if err := s.tar.Close(); err != nil {
		return Made{}, fmt.Errorf("ending a layer: %w", err)
	}
	if err := s.flushSegment(); err != nil {
		return Made{}, err
	}
	if s.written != nil {
		if err := s.written.Flush(); err != nil {
			return Made{}, fmt.Errorf("describing a layer: %w", err)
		}
	}
	made := Made{DiffID: s.hash.digest(), Size: s.size}
	if s.hash.failed != nil {
		return Made{}, fmt.Errorf("compressing a layer: %w", s.hash.failed)
	}
	if s.blob == nil {
		return made, nil
	}
	var err error
	made.Blob, err = s.blob.finish(made.DiffID)
	return made, err
}

// abandon gives up what a stream holds. Of no effect after finish, but for the description.
func (s *stream) abandon() {
	s.hash.digest()
	if s.blob != nil {
		s.blob.abandon()
	}
}

// backgroundHash computes SHA-256 beside the work that feeds it, and passes the data on in large pieces.
type backgroundHash struct {
	// also gets the data behind the hash; nil: nobody. failed is what it said, and is read when the hash has ended.
	also   io.Writer
	failed error
	parts  chan []byte
	free   chan []byte
	filled []byte
	done   chan struct{}
	hash   hash.Hash
	result digest.Digest
}

func newBackgroundHash(also io.Writer) *backgroundHash {
	h := &backgroundHash{also: also, parts: make(chan []byte, 3), free: make(chan []byte, 4), done: make(chan struct{}), hash: sha256.New()}
	for range cap(h.free) {
		h.free <- make([]byte, 0, copyBuffer)
	}
	h.filled = <-h.free
	go func() {
		defer close(h.done)
		for part := range h.parts {
			h.hash.Write(part)
			if h.also != nil && h.failed == nil {
				_, h.failed = h.also.Write(part)
			}
			h.free <- part[:0]
		}
	}()
	return h
}

// Write never fails.
func (h *backgroundHash) Write(data []byte) (int, error) {
	size := len(data)
	for len(data) > 0 {
		taken := min(cap(h.filled)-len(h.filled), len(data))
		h.filled = append(h.filled, data[:taken]...)
		data = data[taken:]
		if len(h.filled) == cap(h.filled) {
			h.parts <- h.filled
			h.filled = <-h.free
		}
	}
	return size, nil
}

// digest ends the hash; later calls give the same.
func (h *backgroundHash) digest() digest.Digest {
	if h.result == "" {
		h.parts <- h.filled
		close(h.parts)
		<-h.done
		h.result = digest.NewDigest(digest.SHA256, h.hash)
	}
	return h.result
}
