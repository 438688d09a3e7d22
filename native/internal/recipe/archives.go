package recipe

import (
	"archive/tar"
	"bufio"
	"errors"
	"io"

	"go.podman.io/image/v5/pkg/compression"
)

// asTar opens a file that is a tar, plain or compressed by gzip, bzip2, xz or zstd.
func asTar(content io.Reader) (plain io.ReadCloser, is bool, err error) {
	decompressed, _, err := compression.AutoDecompress(content)
	if err != nil {
		// What only begins like an archive is a plain file.
		return nil, false, nil
	}
	buffered := bufio.NewReaderSize(decompressed, tarBlock)
	head, err := buffered.Peek(tarBlock)
	if err != nil && !errors.Is(err, io.EOF) || !isTar(head) {
		return nil, false, decompressed.Close()
	}
	return struct {
		io.Reader
		io.Closer
	}{buffered, decompressed}, true, nil
}

// tarBlock is the size of a tar's header.
const tarBlock = 512

func isTar(head []byte) bool {
	if len(head) < tarBlock {
		return false
	}
	_, err := tar.NewReader(&oneBlock{head}).Next()
	return err == nil || errors.Is(err, io.ErrUnexpectedEOF)
}

// oneBlock reads the beginning of an archive.
type oneBlock struct{ rest []byte }

// Read gives what is left.
func (o *oneBlock) Read(to []byte) (int, error) {
	if len(o.rest) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(to, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}
