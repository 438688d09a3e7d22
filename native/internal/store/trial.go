package store

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.podman.io/storage/pkg/unshare"
	"go.podman.io/storage/types"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// Trial is how a driver did in the store's own directory.
type Trial struct {
	Driver Driver
	OK     bool
	// Error is what really went wrong, Fix what mends it. Both are empty where it works.
	Error, Fix string
	// Limits are what images cannot have although the driver works.
	Limits []string
}

// trialGround is where drivers are tried: the store's directory, and what was found about it so far.
type trialGround struct {
	place   filesystem
	options types.StoreOptions
	wish    Wish
	owner   *owner
	// present are the drivers whose layers lie there.
	present []string
	// found is nil until the directory was tried; it is the same for all drivers.
	found *soundness
}

func (g *trialGround) directory() string {
	return filepath.Join(g.options.GraphRoot, trialsDirectory, g.owner.name)
}

// try tries one driver with what builds do. What was made for it is removed.
func (g *trialGround) try(driver Driver) (result Trial) {
	options, err := driver.options(g.options.GraphDriverOptions)
	if err != nil {
		return failed(driver, err, g.place.fuseRemedy(err))
	}
	defer clearTrial(g.directory())
	found, err := g.soundness()
	if err != nil {
		message, remedy := g.place.explain(err)
		return failed(driver, errors.New(message), remedy)
	}
	if found.owners != nil && driver != Plain {
		return failed(driver, fmt.Errorf("files cannot be given to other users on %s: %w", g.place, found.owners), g.ownersRemedy())
	}
	if driver == VFS || driver == Plain {
		return Trial{Driver: driver, OK: true, Limits: g.limits(*found, found.execution, g.place.flags)}
	}
	seen, err := g.tryMounted(driver, options, *found)
	if err != nil {
		remedy := g.mountRemedy(driver, err)
		if g.place.stacked() || g.place.remote() {
			err = fmt.Errorf("on %s: %w", g.place, err)
		}
		return failed(driver, err, remedy)
	}
	limits := g.limits(*found, nil, seen.flags)
	if seen.dropsGroups {
		limits = append(limits, fmt.Sprintf("%s takes the set-group-id bit from a directory that is given away: what is made in it gets another group", driver))
	}
	return Trial{Driver: driver, OK: true, Limits: limits}
}

func failed(driver Driver, err error, remedy string) Trial {
	return Trial{Driver: driver, Error: strings.ReplaceAll(err.Error(), "\n", "; "), Fix: remedy}
}

// soundness tries the directory, once. The error says that no driver can work.
func (g *trialGround) soundness() (*soundness, error) {
	if g.found == nil {
		several := os.Geteuid() == 0 && g.wish.Ground != host.SingleID && g.wish.Ground != host.Bare
		directory := filepath.Join(g.directory(), "directory")
		found := soundness{broken: makeTrial(directory)}
		if found.broken == nil {
			found = tryDirectory(directory, several)
		}
		g.found = &found
	}
	return g.found, g.found.broken
}

// mounted is what was seen of a mount that works.
type mounted struct {
	flags int64
	// dropsGroups says that directories lose their set-group-id bit when their owner changes.
	dropsGroups bool
}

// tryMounted mounts two layers and goes through the steps.
func (g *trialGround) tryMounted(driver Driver, options []string, found soundness) (seen mounted, err error) {
	layers := stackIn(filepath.Join(g.directory(), string(driver)))
	if err := layers.fill(found); err != nil {
		return seen, err
	}
	whiteouts := layers.whiteOut(driver)
	unmount, err := layers.mount(driver, options)
	if err != nil {
		// What the kernel says to the mount is more than that it refuses the whiteouts.
		return seen, err
	}
	defer unmount()
	if whiteouts != nil {
		return seen, whiteouts
	}
	for _, step := range steps {
		if err := step.try(layers, found); err != nil {
			return seen, fmt.Errorf("%s: %w", step.name, bare(err))
		}
	}
	if driver == Overlay && g.place.stacked() {
		return seen, errors.New("the storage library does not use it there")
	}
	var status unix.Statfs_t
	if err := unix.Statfs(layers.merged, &status); err != nil {
		return seen, err
	}
	seen.flags = int64(status.Flags)
	if found.severalIDs {
		seen.dropsGroups, err = dropsGroups(layers.merged + "/group")
	}
	return seen, err
}

func (s stack) mount(driver Driver, options []string) (unmount func(), err error) {
	if driver == FuseOverlayfs {
		unmount, err = s.mountFuse(option(options, "mount_program"), option(options, "mountopt"))
	} else {
		unmount, err = s.mountNative(option(options, "mountopt"))
	}
	if err != nil {
		return nil, &mountError{err}
	}
	return unmount, nil
}

// option finds the last value of a setting, with or without the driver's name before it.
func option(options []string, wanted string) (value string) {
	for _, assignment := range options {
		name, given, _ := strings.Cut(assignment, "=")
		if strings.TrimPrefix(name, "overlay.") == wanted {
			value = given
		}
	}
	return value
}

// bare takes the long name of a file in the trial's directory out of an error.
func bare(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Op, path.Err)
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return fmt.Errorf("%s: %w", link.Op, link.Err)
	}
	return err
}

// limits are sentences on what does not work, though layers can be kept.
func (g *trialGround) limits(found soundness, execution error, flags int64) []string {
	var limits []string
	where := fmt.Sprintf("the store %s (%s)", g.place.path, g.place)
	if found.attributes != nil {
		limits = append(limits, fmt.Sprintf("%s keeps no extended attributes: those that images and commands set are lost (%v)", where, found.attributes))
	}
	if execution != nil {
		limits = append(limits, fmt.Sprintf("programs do not run from %s: run steps fail (%v); %s", where, bare(execution), g.remount("noexec", "exec")))
	}
	if flags&unix.ST_NOSUID != 0 && g.wish.Ground != host.SingleID {
		limits = append(limits, fmt.Sprintf("%s is mounted nosuid: programs such as sudo and su get no rights in run steps; %s", where, g.remount("nosuid", "suid")))
	}
	if flags&unix.ST_NODEV != 0 && g.wish.Ground == host.Plain {
		limits = append(limits, fmt.Sprintf("%s is mounted nodev: /dev/null and other devices do not work in run steps; %s", where, g.remount("nodev", "dev")))
	}
	return limits
}

// remount is how a flag of the mount is taken away.
func (g *trialGround) remount(flag, opposite string) string {
	where := cmp.Or(g.place.mountPoint, g.place.path)
	if g.place.contained() {
		return fmt.Sprintf("give the container's volume at %s without %s", where, flag)
	}
	return fmt.Sprintf("`sudo mount -o remount,%s %s`", opposite, where)
}

// rootless says that the library takes this process for one without root's rights over the machine.
func rootless() bool { return unshare.IsRootless() }
