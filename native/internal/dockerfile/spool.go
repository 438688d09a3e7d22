package dockerfile

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"slipway.dev/engine/internal/layer"
)

// spool keeps the files of one need of the context in a directory, and gives the path of a source in it.
func (r Request) spool(ctx context.Context, need int, source, directory string) (string, error) {
	stream, err := contextPart(ctx, r.ContextSocket, need)
	if err != nil {
		return "", err
	}
	defer stream.Close()
	if err := os.Mkdir(directory, 0o755); err != nil {
		return "", fmt.Errorf("keeping files of the build context: %w", err)
	}
	if err := extract(stream, directory); err != nil {
		return "", fmt.Errorf("keeping files of the build context: %w", err)
	}
	// Links in the context are followed inside it.
	tree, err := layer.PlainTree(directory)
	if err != nil {
		return "", err
	}
	canonical, found, err := layer.Resolve(tree, source)
	if err == nil && found == nil {
		err = errors.New("no such file there")
	}
	if err != nil {
		return "", fmt.Errorf("mounting %s of the build context: %w", source, err)
	}
	return filepath.Join(directory, canonical), nil
}

// extract writes a tar of the context to a directory, and nothing anywhere else.
func extract(stream io.Reader, directory string) error {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	entries := tar.NewReader(stream)
	var directories []*tar.Header
	for {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := extractOne(root, header, entries); err != nil {
			return fmt.Errorf("%s: %w", header.Name, err)
		}
		if header.Typeflag == tar.TypeDir {
			directories = append(directories, header)
		}
	}
	// What follows the end of the archive is padding; the sender waits until it is read.
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return err
	}
	for _, header := range slices.Backward(directories) {
		if err := root.Chtimes(path.Clean(header.Name), header.ModTime, header.ModTime); err != nil {
			return err
		}
	}
	return nil
}

func extractOne(root *os.Root, header *tar.Header, content io.Reader) error {
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
	case tar.TypeSymlink:
		return root.Symlink(header.Linkname, name)
	case tar.TypeReg:
		if err := write(root, name, content); err != nil {
			return err
		}
	default:
		return fmt.Errorf("entries of type %q have no place in a build context", header.Typeflag)
	}
	if err := root.Chmod(name, mode); err != nil {
		return err
	}
	return root.Chtimes(name, header.ModTime, header.ModTime)
}

func write(root *os.Root, name string, content io.Reader) error {
	file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}
