package isolation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// devices are the nodes that every container has.
var devices = []struct {
	name         string
	major, minor uint32
}{
	{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
}

// deviceLinks are the names of a process's own descriptors. Without a mounted /proc they lead nowhere: what is opened by
// them fails, instead of being another file than meant.
var deviceLinks = map[string]string{
	"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
}

// deviceDirectories are where others mount something; here they are directories.
var deviceDirectories = map[string]uint32{"shm": 0o1777, "pts": 0o755, "mqueue": 0o1777}

// devicesWith makes a /dev whose stderr is a pipe, if there is one. With a terminal, that is all three streams.
func devicesWith(errorPipe string, hasTerminal bool) func(path string) error {
	return func(path string) error {
		if err := putDevices(path); err != nil {
			return err
		}
		if hasTerminal {
			return streamsOnTerminal(path)
		}
		if errorPipe == "" {
			return nil
		}
		at := filepath.Join(path, "stderr")
		if err := os.Remove(at); err != nil {
			return err
		}
		return os.Link(errorPipe, at)
	}
}

func streamsOnTerminal(path string) error {
	for _, name := range []string{"stdin", "stdout", "stderr"} {
		at := filepath.Join(path, name)
		if err := errors.Join(os.Remove(at), os.Symlink("tty", at)); err != nil {
			return fmt.Errorf("making the device %s: %w", name, err)
		}
	}
	return nil
}

// putDevices makes a /dev by mknod. There are no terminals in it, as nothing can be mounted at pts.
func putDevices(path string) error {
	if err := makeDirectory(path, 0o755); err != nil {
		return err
	}
	for _, device := range devices {
		at := filepath.Join(path, device.name)
		if err := unix.Mknod(at, unix.S_IFCHR|0o666, int(unix.Mkdev(device.major, device.minor))); err != nil {
			return fmt.Errorf("making the device %s: %w", device.name, err)
		}
		// The umask may have taken something away.
		if err := unix.Chmod(at, 0o666); err != nil {
			return fmt.Errorf("making the device %s: %w", device.name, err)
		}
	}
	if err := tryDevices(path); err != nil {
		return err
	}
	for name, target := range deviceLinks {
		if err := os.Symlink(target, filepath.Join(path, name)); err != nil {
			return err
		}
	}
	for name, mode := range deviceDirectories {
		if err := makeDirectory(filepath.Join(path, name), mode); err != nil {
			return err
		}
	}
	return nil
}

// tryDevices opens one: on a file system that is mounted nodev they can be made, but not used.
func tryDevices(path string) error {
	null, err := os.OpenFile(filepath.Join(path, "null"), os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("devices cannot be opened on this file system (is it mounted nodev?): move the store to another one: %w", reason(err))
	}
	return null.Close()
}
