package store

import (
	"fmt"
	"os"

	"go.podman.io/storage/pkg/homedir"
	"go.podman.io/storage/pkg/unshare"
)

// SettleRuntimeDirectory gives an ordinary user without XDG_RUNTIME_DIR the directory that Buildah and Podman choose
// then: OCI runtimes and the image library would look in root's otherwise. It must precede any change of TMPDIR.
func SettleRuntimeDirectory() error {
	if unshare.GetRootlessUID() <= 0 || os.Getenv("XDG_RUNTIME_DIR") != "" {
		return nil
	}
	directory, err := homedir.GetRuntimeDir()
	if err != nil {
		return fmt.Errorf("finding a directory for run-time files: %w", err)
	}
	return os.Setenv("XDG_RUNTIME_DIR", directory)
}
