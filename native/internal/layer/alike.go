package layer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"

	"golang.org/x/sys/unix"
)

func earlier(a, b unix.Timespec) bool { return a.Sec < b.Sec || (a.Sec == b.Sec && a.Nsec < b.Nsec) }

// alike compares type, mode, owner and attributes.
func alike(a, b *Node) (bool, error) {
	if a.Stat.Mode != b.Stat.Mode || a.Stat.Uid != b.Stat.Uid || a.Stat.Gid != b.Stat.Gid {
		return false, nil
	}
	first, err := a.attributes()
	if err != nil {
		return false, err
	}
	second, err := b.attributes()
	return maps.Equal(first, second), err
}

func sameContent(a, b *Node) (bool, error) {
	first, err := a.Open()
	if err != nil {
		return false, err
	}
	defer first.Close()
	second, err := b.Open()
	if err != nil {
		return false, err
	}
	defer second.Close()
	var left, right [32 << 10]byte
	for {
		n, err := io.ReadFull(first, left[:])
		m, _ := io.ReadFull(second, right[:])
		if !bytes.Equal(left[:n], right[:m]) {
			return false, nil
		}
		if err != nil {
			return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF), nil
		}
	}
}

// now is a time of the file system that holds the directory, as changes there are dated.
func now(directory string) (unix.Timespec, error) {
	file, err := os.CreateTemp(directory, "now-*")
	if err != nil {
		return unix.Timespec{}, fmt.Errorf("asking the file system for the time: %w", err)
	}
	defer file.Close()
	defer os.Remove(file.Name())
	var status unix.Stat_t
	err = unix.Fstat(int(file.Fd()), &status)
	return status.Ctim, err
}
