package recipe

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"time"
)

// receiveContext reads the tar that a Unix socket answers one connection with, into a directory it makes below parent.
// An empty address gives an empty directory. The caller removes it.
func receiveContext(ctx context.Context, address, parent string) (directory string, err error) {
	directory, err = os.MkdirTemp(parent, "context-")
	if err != nil {
		return "", fmt.Errorf("preparing the build context: %w", err)
	}
	if address == "" {
		return directory, nil
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", address)
	if err != nil {
		return directory, fmt.Errorf("asking for the build context: %w", err)
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { connection.SetDeadline(time.Unix(1, 0)) })()
	if _, err := io.WriteString(connection, "all\n"); err != nil {
		return directory, fmt.Errorf("asking for the build context: %w", err)
	}
	if err := Unpack(connection, directory); err != nil {
		return directory, fmt.Errorf("receiving the build context: %w", err)
	}
	return directory, nil
}

// Unpack extracts a tar. No entry leads out of the directory, whatever its names and links say.
func Unpack(stream io.Reader, directory string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := tar.NewReader(stream)
	var directories []*tar.Header
	for {
		header, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("reading the tar: %w", err)
		}
		if err := extract(root, header, entries); err != nil {
			return fmt.Errorf("extracting %s: %w", header.Name, err)
		}
		if header.Typeflag == tar.TypeDir {
			directories = append(directories, header)
		}
	}
	// What follows the end of the archive is padding; the sender waits until it is read.
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return err
	}
	return dateDirectories(root, directories)
}

func extract(root *os.Root, header *tar.Header, content io.Reader) error {
	name := path.Clean(header.Name)
	if name == "." {
		return nil
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := header.FileInfo().Mode()
	switch header.Typeflag {
	case tar.TypeDir:
		if err := root.Mkdir(name, mode.Perm()); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return root.Chmod(name, mode)
	case tar.TypeReg:
		if err := writeFile(root, name, mode, content); err != nil {
			return err
		}
		return root.Chtimes(name, header.ModTime, header.ModTime)
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeLink:
		return root.Link(path.Clean(header.Linkname), name)
	}
	return fmt.Errorf("entries of type %q have no place in a build context", header.Typeflag)
}

func writeFile(root *os.Root, name string, mode fs.FileMode, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode.Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err == nil {
		// The mask of this process must not decide the image.
		err = file.Chmod(mode)
	}
	return errors.Join(err, file.Close())
}

// dateDirectories comes last: every new entry changes the time of its directory.
func dateDirectories(root *os.Root, directories []*tar.Header) error {
	for i := len(directories) - 1; i >= 0; i-- {
		header := directories[i]
		if err := root.Chtimes(path.Clean(header.Name), header.ModTime, header.ModTime); err != nil {
			return err
		}
	}
	return nil
}
