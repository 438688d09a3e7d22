package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.podman.io/storage/pkg/unshare"
	"go.podman.io/storage/types"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// Options are the places and settings of the store that Buildah and Podman of the same user have. Where the place for
// run-time files cannot be written it is another one.
func Options() (types.StoreOptions, error) {
	options, err := types.DefaultStoreOptions()
	if err != nil {
		return options, &host.Obstacle{Code: Unusable, Message: fmt.Sprintf("the place of the store is not known: %v", err), Remedy: homeRemedy}
	}
	options.RunRoot = writableRunRoot(options)
	return options, nil
}

// homeRemedy is for who has no home directory that can be written.
const homeRemedy = "set HOME to a directory that can be written, or XDG_DATA_HOME, " +
	"or name a storage.conf with graphroot and runroot by CONTAINERS_STORAGE_CONF"

// writableRunRoot is the run root, or the first place instead of it that can be written.
func writableRunRoot(options types.StoreOptions) string {
	user := fmt.Sprintf("containers-user-%d", userID())
	if os.MkdirAll(options.RunRoot, 0o700) == nil && writable(options.RunRoot) {
		return options.RunRoot
	}
	for _, parent := range []string{"/tmp", os.TempDir()} {
		if directory := filepath.Join(parent, user); private(directory) {
			return directory
		}
	}
	return filepath.Join(options.GraphRoot, "slipway-run")
}

// userID is the user outside of our namespace.
func userID() int { return unshare.GetRootlessUID() }

// settle makes the store's directory and tells where it lies. The error says why there can be none.
func settle(graphRoot string) (filesystem, error) {
	if !filepath.IsAbs(graphRoot) {
		return filesystem{}, &host.Obstacle{
			Code: Unusable, Message: fmt.Sprintf("the store would be in %q, which is no absolute path", graphRoot), Remedy: homeRemedy,
		}
	}
	if err := os.MkdirAll(graphRoot, 0o700); err != nil {
		return filesystem{}, notMade(graphRoot, err)
	}
	seen, err := lookAt(graphRoot)
	if err != nil {
		return seen, &host.Obstacle{Code: Unusable, Message: err.Error(), Remedy: elsewhere}
	}
	if err := unix.Access(graphRoot, unix.W_OK|unix.X_OK); err != nil {
		return seen, seen.fault(&os.PathError{Op: "writing", Path: graphRoot, Err: err})
	}
	return seen, nil
}

// notMade explains by the nearest directory that there is.
func notMade(graphRoot string, err error) error {
	nearest := graphRoot
	for {
		seen, missing := lookAt(nearest)
		if missing == nil {
			seen.store = graphRoot
			obstacle := seen.fault(err)
			obstacle.Message = fmt.Sprintf("the store %s cannot be made: %s", graphRoot, reason(seen, err))
			switch {
			case inHome(graphRoot) && seen.contained():
				obstacle.Remedy = seen.volume() + "; or " + homeRemedy
			case inHome(graphRoot):
				obstacle.Remedy = homeRemedy
			}
			return obstacle
		}
		if nearest == "/" {
			return &host.Obstacle{Code: Unusable, Message: err.Error(), Remedy: elsewhere}
		}
		nearest = filepath.Dir(nearest)
	}
}

// reason is why nothing can be made in a directory.
func reason(seen filesystem, err error) string {
	switch {
	case errors.Is(err, unix.EROFS):
		return fmt.Sprintf("%s (%s) is read-only", seen.path, seen)
	case errors.Is(err, unix.ENOTDIR), errors.Is(err, unix.EEXIST):
		return fmt.Sprintf("%s is no directory", seen.path)
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf("%s refuses this user%s", seen.path, ownership(seen.path))
	case isFull(err):
		return fmt.Sprintf("%s (%s) is full: %s", seen.path, seen, seen.left())
	}
	return err.Error()
}

// inHome says whether the place of the store follows from HOME. Containers of users without a name have the home "/".
func inHome(path string) bool {
	home := os.Getenv("HOME")
	if home == "/" {
		return within(path, "/.local")
	}
	return home != "" && within(path, home)
}
