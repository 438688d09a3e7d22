package isolation

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// mostLinks bounds symbolic links on the way to a file, as the kernel does.
const mostLinks = 40

// within finds a path of an image on the disk. Symbolic links lead nowhere but into the root. Directories that are missing
// on the way to the last name are told, outermost first. Nothing may change in the root meanwhile.
func within(root, path string) (found string, missing []string, err error) {
	found = root
	pending := names(path)
	for links := 0; len(pending) > 0; {
		name := pending[0]
		pending = pending[1:]
		if name == ".." {
			if found != root {
				found = filepath.Dir(found)
			}
			continue
		}
		found = filepath.Join(found, name)
		status, err := os.Lstat(found)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if len(pending) > 0 {
				missing = append(missing, found)
			}
		case err != nil:
			return "", nil, err
		case status.Mode()&fs.ModeSymlink != 0:
			if links++; links > mostLinks {
				return "", nil, &fs.PathError{Op: "resolve", Path: path, Err: syscall.ELOOP}
			}
			target, err := os.Readlink(found)
			if err != nil {
				return "", nil, err
			}
			found = filepath.Dir(found)
			if filepath.IsAbs(target) {
				found = root
			}
			pending = append(names(target), pending...)
		}
	}
	return found, missing, nil
}

func names(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}
