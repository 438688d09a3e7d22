package layer

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/klauspost/pgzip"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Compression is how layers are sent to registries.
type Compression struct {
	// Algorithm is gzip or zstd.
	Algorithm string
	// Level is the algorithm's own: 1 to 9, 1 to 22.
	Level int
}

// gzipLevel and zstdLevel are the levels without a wish. Higher ones of gzip take twice the time for a few percent.
const (
	gzipLevel = 2
	zstdLevel = 3
)

// ParseCompression reads `gzip`, `zstd`, either with `:level`, or nothing for gzip.
func ParseCompression(text string) (Compression, error) {
	name, level, given := strings.Cut(text, ":")
	chosen, most := Compression{Algorithm: name}, 0
	switch name {
	case "", "gzip":
		chosen, most = Compression{Algorithm: "gzip", Level: gzipLevel}, 9
	case "zstd":
		chosen.Level, most = zstdLevel, 22
	default:
		return Compression{}, fmt.Errorf("SLIPWAY_COMPRESSION=%s: use gzip or zstd, with a level if you like: gzip:9", text)
	}
	if !given {
		return chosen, nil
	}
	number, err := strconv.Atoi(level)
	if err != nil || number < 1 || number > most {
		return Compression{}, fmt.Errorf("SLIPWAY_COMPRESSION=%s: the level of %s is a number from 1 to %d", text, chosen.Algorithm, most)
	}
	chosen.Level = number
	return chosen, nil
}

// String is `algorithm-level`.
func (c Compression) String() string { return fmt.Sprintf("%s-%d", c.Algorithm, c.Level) }

// MediaType is OCI's name of a layer so compressed.
func (c Compression) MediaType() string {
	if c.Algorithm == "zstd" {
		return v1.MediaTypeImageLayerZstd
	}
	return v1.MediaTypeImageLayerGzip
}

// Writer compresses into a writer. Equal input gives equal output, on any number of processors.
func (c Compression) Writer(to io.Writer) (io.WriteCloser, error) {
	if c.Algorithm == "zstd" {
		return zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(c.Level)), zstd.WithEncoderConcurrency(2))
	}
	return pgzip.NewWriterLevel(to, c.Level)
}

// Reader undoes it.
func (c Compression) Reader(from io.Reader) (io.ReadCloser, error) {
	if c.Algorithm == "zstd" {
		decoder, err := zstd.NewReader(from)
		if err != nil {
			return nil, err
		}
		return decoder.IOReadCloser(), nil
	}
	return pgzip.NewReader(from)
}
