package store

import (
	"fmt"
	"os"
	"path/filepath"

	"go.podman.io/storage/pkg/homedir"
	"go.podman.io/storage/pkg/unshare"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// SettleRuntimeDirectory gives an ordinary user whose XDG_RUNTIME_DIR is not set, not there or cannot be written the
// directory that Buildah and Podman choose then: OCI runtimes and the image library would look in root's otherwise, or
// fail. It must precede any change of TMPDIR.
func SettleRuntimeDirectory() error {
	if unshare.GetRootlessUID() <= 0 || writable(os.Getenv("XDG_RUNTIME_DIR")) {
		return nil
	}
	if err := os.Unsetenv("XDG_RUNTIME_DIR"); err != nil {
		return err
	}
	directory, err := homedir.GetRuntimeDir()
	if err != nil || !writable(directory) {
		if directory, err = ownRuntimeDirectory(); err != nil {
			return err
		}
	}
	return os.Setenv("XDG_RUNTIME_DIR", directory)
}

// ownRuntimeDirectory is the last resort, below /tmp or where temporary files are.
func ownRuntimeDirectory() (string, error) {
	for _, parent := range []string{"/tmp", os.TempDir()} {
		directory := filepath.Join(parent, fmt.Sprintf("containers-user-%d", userID()))
		if private(directory) {
			return directory, nil
		}
	}
	return "", &host.Obstacle{
		Code:    Unusable,
		Message: fmt.Sprintf("there is no directory for run-time files: XDG_RUNTIME_DIR is not set or cannot be written, nor can /tmp and %s", os.TempDir()),
		Remedy:  "set XDG_RUNTIME_DIR or TMPDIR to a directory that can be written",
	}
}

// writable says whether this is a directory of this user, who may write in it.
func writable(path string) bool {
	var status unix.Stat_t
	return path != "" && unix.Stat(path, &status) == nil && status.Mode&unix.S_IFMT == unix.S_IFDIR &&
		int(status.Uid) == os.Geteuid() && unix.Access(path, unix.W_OK|unix.X_OK) == nil
}

// private makes a directory where others may write too, and says whether it is this user's alone.
func private(path string) bool {
	_ = os.Mkdir(path, 0o700)
	var status unix.Stat_t
	return unix.Lstat(path, &status) == nil && status.Mode&unix.S_IFMT == unix.S_IFDIR && status.Mode&0o022 == 0 && writable(path)
}
