package layer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// smallContent is kept in memory as long as the budget lasts.
const (
	smallContent = 32 << 10
	memoryBudget = 24 << 20
)

// Spool keeps contents of a stream until they are needed.
type Spool struct {
	directory string
	count     int
	memory    int
}

// NewSpool keeps what does not fit into memory in a directory of its own, which it makes when it needs it.
func NewSpool(directory string) *Spool { return &Spool{directory: directory} }

// Keep reads size bytes and gives a way to read them again, as often as wanted.
func (s *Spool) Keep(content io.Reader, size int64) (open func() (io.ReadCloser, error), err error) {
	if size <= smallContent && s.memory+int(size) <= memoryBudget {
		kept := make([]byte, size)
		if _, err := io.ReadFull(content, kept); err != nil {
			return nil, err
		}
		s.memory += int(size)
		return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept)), nil }, nil
	}
	if err := os.MkdirAll(s.directory, 0o700); err != nil {
		return nil, fmt.Errorf("keeping a file: %w", err)
	}
	s.count++
	path := filepath.Join(s.directory, strconv.Itoa(s.count))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("keeping a file: %w", err)
	}
	sparse := &sparseFile{file: file}
	_, err = io.CopyN(sparse, content, size)
	if closing := sparse.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return nil, fmt.Errorf("keeping a file: %w", err)
	}
	return func() (io.ReadCloser, error) { return os.Open(path) }, nil
}
