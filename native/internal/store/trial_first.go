package store

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.podman.io/storage"

	"slipway.dev/engine/internal/host"
)

// openFirst opens the store with the first driver that works in its own directory.
func (g *trialGround) openFirst(candidates []Driver) (*Store, error) {
	known := readVerdicts(g.options.RunRoot)
	var trials []Trial
	for _, driver := range candidates {
		opened, result := g.open(driver, known)
		if result.OK {
			return &Store{
				Store: opened, Driver: driver, Why: g.why(driver, trials),
				Warnings: slices.Concat(g.place.cautions(), result.Limits, g.slow(driver, trials)),
			}, nil
		}
		trials = append(trials, result)
		if g.found != nil && g.found.broken != nil {
			return nil, g.place.fault(g.found.broken)
		}
	}
	return nil, g.none(trials)
}

// open opens the store with a driver whose trial was passed, now or before. What the storage library says counts too.
func (g *trialGround) open(driver Driver, known *verdicts) (storage.Store, Trial) {
	options, err := driver.options(g.options.GraphDriverOptions)
	if err != nil {
		return nil, failed(driver, err, g.place.fuseRemedy(err))
	}
	key := verdictKey(driver, g.place, g.wish, options)
	limits, remembered := known.passed(key)
	result := Trial{Driver: driver, OK: true, Limits: limits}
	if !remembered {
		if result = g.try(driver); !result.OK {
			return nil, result
		}
		g.forget(driver)
	}
	opened, err := g.openWith(driver, options)
	if err != nil {
		return nil, failed(driver, fmt.Errorf("the storage library: %w", err), g.libraryRemedy(driver, err))
	}
	if !remembered {
		known.keep(key, result.Limits)
	}
	return opened, result
}

func (g *trialGround) openWith(driver Driver, driverOptions []string) (storage.Store, error) {
	options := g.options
	options.GraphDriverName = driver.library()
	options.GraphDriverPriority = nil
	options.GraphDriverOptions = driverOptions
	return storage.GetStore(options)
}

// forget removes what the library remembers against the kernel's overlay, now that it was seen to work: that a trial
// failed, which it believes until the next boot, and that a program mounts, where there are no layers that need it.
func (g *trialGround) forget(driver Driver) {
	if driver != Overlay {
		return
	}
	_ = os.Remove(filepath.Join(g.options.RunRoot, "overlay", "overlay-false"))
	if fuseMade(g.options.GraphRoot) && len(presentDrivers(g.options.GraphRoot)) == 0 {
		_ = os.Remove(filepath.Join(g.options.GraphRoot, fuseMark))
	}
}

// why is one sentence on the driver, and on why it is no better one.
func (g *trialGround) why(driver Driver, trials []Trial) string {
	sentence := fmt.Sprintf("driver %s works here", driver)
	switch {
	case len(trials) > 0:
		sentence = fmt.Sprintf("driver %s, as others failed: %s", driver, told(trials))
	case driver == Plain && g.wish.Unmounted:
		sentence = "driver plain, as nothing can be mounted here"
		if g.wish.Ground == host.SingleID {
			sentence = "driver plain, as the others need a range of ids"
		}
	case g.kept(driver):
		sentence = fmt.Sprintf("driver %s, as the store was made with it", driver)
	}
	if note := g.place.note(); note != "" {
		sentence += " (" + note + ")"
	}
	return sentence
}

// kept says that better drivers were not tried, as the store has layers of this one.
func (g *trialGround) kept(driver Driver) bool {
	return driver != Overlay && g.wish.Asked != string(driver) && len(g.present) > 0
}

// none is the error when no driver that fits works. A remedy is told for each.
func (g *trialGround) none(trials []Trial) error {
	message := fmt.Sprintf("no storage driver works in %s (%s): %s", g.place.path, g.place, told(trials))
	if !g.wish.free() {
		message = fmt.Sprintf("storage driver %s does not work in %s (%s): %s", g.wish.Asked, g.place.path, g.place, told(trials))
	}
	return &host.Obstacle{Code: Unusable, Message: message, Remedy: remedies(trials)}
}

func told(trials []Trial) string {
	var told []string
	for _, trial := range trials {
		told = append(told, fmt.Sprintf("%s: %s", trial.Driver, trial.Error))
	}
	return strings.Join(told, "; ")
}

// remedies joins those of all drivers, each once.
func remedies(trials []Trial) string {
	var all []string
	for _, trial := range trials {
		if trial.Fix != "" && !slices.Contains(all, trial.Fix) {
			all = append(all, trial.Fix)
		}
	}
	return strings.Join(all, "; or ")
}

// slow warns of vfs, and tells what makes a better driver possible.
func (g *trialGround) slow(driver Driver, trials []Trial) []string {
	if driver != VFS {
		return nil
	}
	better := remedies(trials)
	switch {
	case better != "":
	case g.kept(driver):
		better = "another, empty directory: a storage.conf with another graphroot, named by CONTAINERS_STORAGE_CONF"
	default:
		better = "WERF_BUILDAH_STORAGE_DRIVER=auto, where the kernel or fuse-overlayfs can mount it"
	}
	return []string{"storage driver vfs copies every layer in full: builds are slow and need much space; overlay becomes possible with " + better +
		"; WERF_BUILDAH_STORAGE_DRIVER=plain copies less, but only slipway can use its images"}
}
