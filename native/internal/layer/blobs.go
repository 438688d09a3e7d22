package layer

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	digest "github.com/opencontainers/go-digest"
)

// blobsDirectory lies in the store: a blob is worth keeping as long as its layer.
const blobsDirectory = "slipway-blobs"

// described ends the name of a file that says what the blob beside it is; without it the blob is not whole.
const described = ".json"

// Blob is a compressed layer.
type Blob struct {
	// DiffID is the digest of the tar, Digest that of the compressed bytes.
	DiffID    digest.Digest `json:"diffId"`
	Digest    digest.Digest `json:"digest"`
	Size      int64         `json:"size"`
	MediaType string        `json:"mediaType"`
}

// Blobs keeps compressed layers, so that a push is only an upload. Losing one costs time, nothing else.
type Blobs struct {
	directory   string
	compression Compression
	// limit is how many bytes may be kept.
	limit int64
	// owner marks unfinished files with the process that writes them.
	owner string
	// Frugal drops what a blob holds as soon as it was sent: space is dearer than time.
	Frugal bool
}

// NewBlobs opens the cache of a store. owner marks what this process has not finished.
func NewBlobs(graphRoot, owner string, compression Compression, limit int64) (*Blobs, error) {
	directory := filepath.Join(graphRoot, blobsDirectory)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of blobs: %w", err)
	}
	return &Blobs{directory: directory, compression: compression, limit: limit, owner: owner}, nil
}

func (b *Blobs) path(diffID digest.Digest) string {
	return filepath.Join(b.directory, diffID.Encoded()+"."+b.compression.String())
}

// Find looks for the blob of a layer.
func (b *Blobs) Find(diffID digest.Digest) (Blob, bool) {
	if diffID == "" {
		return Blob{}, false
	}
	text, err := os.ReadFile(b.path(diffID) + described)
	if err != nil {
		return Blob{}, false
	}
	var blob Blob
	if json.Unmarshal(text, &blob) != nil || blob.DiffID != diffID {
		return Blob{}, false
	}
	status, err := os.Stat(b.path(diffID))
	if b.Frugal && errors.Is(err, fs.ErrNotExist) {
		// What it is is enough where a registry has it.
		return blob, true
	}
	if err != nil || status.Size() != blob.Size {
		return Blob{}, false
	}
	now := time.Now()
	// What was used last is dropped last.
	_ = os.Chtimes(b.path(diffID), now, now)
	return blob, true
}

// Open reads a blob that Find or a commit gave.
func (b *Blobs) Open(blob Blob) (*os.File, error) { return os.Open(b.path(blob.DiffID)) }

// Drop forgets a blob, such as one whose bytes a registry found to be wrong.
func (b *Blobs) Drop(diffID digest.Digest) {
	_ = os.Remove(b.path(diffID) + described)
	_ = os.Remove(b.path(diffID))
}

// Spend says that a blob was sent, or that nobody is to get it.
func (b *Blobs) Spend(blob Blob) {
	if b.Frugal && blob.DiffID != "" {
		_ = os.Remove(b.path(blob.DiffID))
	}
}

// blobWriter compresses one layer into the cache.
type blobWriter struct {
	blobs    *Blobs
	file     *os.File
	buffer   *bufio.Writer
	hash     hash.Hash
	size     int64
	compress io.WriteCloser
}

func (b *Blobs) begin() (*blobWriter, error) {
	file, err := os.CreateTemp(b.directory, "."+b.owner+"-*")
	if err != nil {
		return nil, fmt.Errorf("making a blob: %w", err)
	}
	writer := &blobWriter{blobs: b, file: file, buffer: bufio.NewWriterSize(file, 1<<18), hash: sha256.New()}
	if writer.compress, err = b.compression.Writer(compressed{writer}); err != nil {
		writer.abandon()
		return nil, fmt.Errorf("making a blob: %w", err)
	}
	return writer, nil
}

// compressed takes what the compressor gives.
type compressed struct{ *blobWriter }

// Write hashes and stores.
func (c compressed) Write(data []byte) (int, error) {
	c.hash.Write(data)
	c.size += int64(len(data))
	return c.buffer.Write(data)
}

// Write takes a part of the tar.
func (w *blobWriter) Write(data []byte) (int, error) { return w.compress.Write(data) }

func (w *blobWriter) finish(diffID digest.Digest) (Blob, error) {
	defer w.abandon()
	if err := errors.Join(w.compress.Close(), w.buffer.Flush(), w.file.Close()); err != nil {
		return Blob{}, fmt.Errorf("making a blob: %w", err)
	}
	blob := Blob{DiffID: diffID, Digest: digest.NewDigest(digest.SHA256, w.hash), Size: w.size,
		MediaType: w.blobs.compression.MediaType()}
	text, err := json.Marshal(blob)
	if err != nil {
		return Blob{}, fmt.Errorf("describing a blob: %w", err)
	}
	path := w.blobs.path(diffID)
	if err := os.Rename(w.file.Name(), path); err != nil {
		return Blob{}, fmt.Errorf("keeping a blob: %w", err)
	}
	description := w.file.Name() + described
	if err := os.WriteFile(description, text, 0o600); err != nil {
		return Blob{}, fmt.Errorf("describing a blob: %w", err)
	}
	if err := os.Rename(description, path+described); err != nil {
		return Blob{}, fmt.Errorf("describing a blob: %w", err)
	}
	w.blobs.trim()
	return blob, nil
}

// abandon removes what is not finished.
func (w *blobWriter) abandon() {
	_ = w.file.Close()
	_ = os.Remove(w.file.Name())
	_ = os.Remove(w.file.Name() + described)
}

// trim drops the blobs that were used longest ago until the rest is below the limit.
func (b *Blobs) trim() {
	entries, err := os.ReadDir(b.directory)
	if err != nil {
		return
	}
	var kept []fs.FileInfo
	total := int64(0)
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || strings.HasPrefix(entry.Name(), ".") || strings.HasSuffix(entry.Name(), described) {
			continue
		}
		kept, total = append(kept, info), total+info.Size()
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int { return cmp.Compare(a.ModTime().UnixNano(), b.ModTime().UnixNano()) })
	// The newest stays, whatever its size: it is about to be pushed.
	for _, info := range kept[:max(0, len(kept)-1)] {
		if total <= b.limit {
			return
		}
		total -= info.Size()
		_ = os.Remove(filepath.Join(b.directory, info.Name()+described))
		_ = os.Remove(filepath.Join(b.directory, info.Name()))
	}
}

// Sweep removes unfinished files of processes that are gone.
func (b *Blobs) Sweep(alive func(owner string) bool) {
	entries, err := os.ReadDir(b.directory)
	if err != nil {
		return
	}
	for _, entry := range entries {
		owner, _, marked := strings.Cut(strings.TrimPrefix(entry.Name(), "."), "-")
		if strings.HasPrefix(entry.Name(), ".") && marked && owner != b.owner && !alive(owner) {
			_ = os.Remove(filepath.Join(b.directory, entry.Name()))
		}
	}
}
