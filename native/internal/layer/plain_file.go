package layer

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fileSink is an open file that is written at places: an *os.File, or a bare one.
type fileSink interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
}

// bareFile is a plain file without what *os.File does for pipes and sockets, which takes as long as the file itself does
// where there are thousands of small ones.
type bareFile int

// createFile makes a plain file that must not be there.
func createFile(at string) (bareFile, error) {
	for {
		file, err := unix.Open(at, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return -1, &fs.PathError{Op: "open", Path: at, Err: err}
		}
		return bareFile(file), nil
	}
}

// WriteAt writes all of the data.
func (f bareFile) WriteAt(data []byte, offset int64) (int, error) {
	total := 0
	for len(data) > 0 {
		written, err := unix.Pwrite(int(f), data, offset)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return total, err
		}
		total, offset, data = total+written, offset+int64(written), data[written:]
	}
	return total, nil
}

// Truncate sets the size.
func (f bareFile) Truncate(size int64) error { return unix.Ftruncate(int(f), size) }

// Close closes the file.
func (f bareFile) Close() error { return unix.Close(int(f)) }

// dressOpen is dress for a plain file that is open yet and has no attributes: its path is not walked again.
func dressOpen(file *sparseFile, header *tar.Header) error {
	bare, is := file.file.(bareFile)
	if !is {
		return fmt.Errorf("%s is not open as it should be", header.Name)
	}
	if err := file.complete(); err != nil {
		return err
	}
	if err := unix.Fchown(int(bare), header.Uid, header.Gid); err != nil {
		return notGiven(header, err)
	}
	if err := unix.Fchmod(int(bare), uint32(header.Mode&0o7777)); err != nil {
		return fmt.Errorf("setting the mode of %s: %w", header.Name, err)
	}
	moment, err := unix.TimeToTimespec(header.ModTime)
	if err != nil {
		return err
	}
	times := [2]unix.Timespec{moment, moment}
	// Without a path it is the open file itself; the package has no name for that.
	if _, _, failed := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(bare), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0); failed != 0 {
		return fmt.Errorf("dating %s: %w", header.Name, failed)
	}
	return nil
}

// holeSize is how many zeros in a row become a hole.
const holeSize = 64 << 10

var zeros [holeSize]byte

// sparseFile leaves holes where there are long runs of zeros.
type sparseFile struct {
	file fileSink
	size int64
	hole bool
}

// Write takes a part of the content.
func (s *sparseFile) Write(data []byte) (int, error) {
	total := len(data)
	for len(data) > 0 {
		part := data[:min(holeSize, len(data))]
		data = data[len(part):]
		if len(part) == holeSize && bytes.Equal(part, zeros[:]) {
			s.hole = true
		} else if _, err := s.file.WriteAt(part, s.size); err != nil {
			return 0, err
		} else {
			s.hole = false
		}
		s.size += int64(len(part))
	}
	return total, nil
}

// Close ends the file at its full length.
func (s *sparseFile) Close() error {
	if err := s.complete(); err != nil {
		return errors.Join(err, s.file.Close())
	}
	return s.file.Close()
}

// complete gives the file its full length where it ends in a hole.
func (s *sparseFile) complete() error {
	if !s.hole {
		return nil
	}
	s.hole = false
	return s.file.Truncate(s.size)
}

var _ io.WriteCloser = (*sparseFile)(nil)
