package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.podman.io/storage/types"
)

// Trials tries every driver, best first, without opening the store. Nothing is remembered of it, and a directory that was
// not there before is gone afterwards. An empty list comes with the reason why there can be no store at all.
func Trials(options types.StoreOptions, wish Wish) ([]Trial, error) {
	_, missing := os.Lstat(options.GraphRoot)
	seen, err := settle(options.GraphRoot)
	if err != nil {
		return nil, err
	}
	if missing != nil {
		defer leaveNothing(options.GraphRoot)
	}
	sweepTrials(options.GraphRoot)
	signed, err := newOwner(options.GraphRoot)
	if err != nil {
		return nil, seen.fault(err)
	}
	defer signed.close()
	ground := &trialGround{place: seen, options: options, wish: wish, owner: signed}
	ground.present = presentDrivers(options.GraphRoot)
	var trials []Trial
	for _, driver := range []Driver{Overlay, FuseOverlayfs, VFS, Plain} {
		trials = append(trials, ground.judge(driver))
	}
	return trials, nil
}

// judge tries a driver that fits, and tells when only the layers in the store are against it.
func (g *trialGround) judge(driver Driver) Trial {
	if obstacle := g.wish.unfit(driver); obstacle != nil {
		return Trial{Driver: driver, Error: obstacle.Message}
	}
	result := g.try(driver)
	named := Wish{Asked: string(driver), Unmounted: g.wish.Unmounted}
	if result.OK && len(named.fitting([]Driver{driver}, g.present)) == 0 {
		mismatch := &MismatchError{GraphRoot: g.options.GraphRoot, Present: g.present[0], Asked: string(driver)}
		return Trial{Driver: driver, Error: "it works here, but the store was made with driver " + mismatch.Present, Fix: mismatch.Remedy()}
	}
	return result
}

// leaveNothing removes the directories that a trial made, as far as nobody else has put something there.
func leaveNothing(graphRoot string) {
	for _, directory := range []string{trialsDirectory, ownersDirectory, ""} {
		_ = os.Remove(filepath.Join(graphRoot, directory))
	}
}

// MismatchError says that the directory holds layers of another driver than the one asked for.
type MismatchError struct {
	GraphRoot, Present, Asked string
}

// Error names both drivers.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("the store %s was made with driver %s, but %s was asked for", e.GraphRoot, e.Present, e.Asked)
}

// Remedy is how the layers that are there are used, or another directory.
func (e *MismatchError) Remedy() string {
	another := "give slipway a store of its own: a storage.conf with another graphroot, named by CONTAINERS_STORAGE_CONF"
	if !slices.Contains([]Driver{Overlay, FuseOverlayfs, VFS, Plain}, Driver(e.Present)) {
		return another
	}
	return fmt.Sprintf("set WERF_BUILDAH_STORAGE_DRIVER=%s, or %s", e.Present, another)
}
