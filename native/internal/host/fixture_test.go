package host

import (
	"os"
	"path/filepath"
	"testing"
)

// fixture is a root directory with files. A name that ends with a slash is a directory.
func fixture(t *testing.T, files map[string]string) Root {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if name[len(name)-1] == '/' {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o755))
	}
	return Root(root)
}

// variables is an environment.
func variables(set map[string]string) func(string) string {
	return func(name string) string { return set[name] }
}

// onDisk and onOverlay are roots of a host and of a container.
const (
	onDisk    = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
	onOverlay = "22 1 0:45 / / rw,relatime - overlay overlay rw,lowerdir=/l\n"
)
