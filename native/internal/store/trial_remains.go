package store

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// trialsDirectory lies in the store: what works beside it need not work in it. Each process tries in a directory that
// has its owner's name, so that what is left of a killed one is known.
const trialsDirectory = "slipway-trials"

// sweepTrials removes what processes that are gone have left of their trials.
func sweepTrials(graphRoot string) {
	directory := filepath.Join(graphRoot, trialsDirectory)
	entries, err := os.ReadDir(directory)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if !alive(graphRoot, entry.Name()) {
			clearTrial(filepath.Join(directory, entry.Name()))
		}
	}
	_ = unix.Rmdir(directory)
}

// makeTrial makes a directory of a trial. Another process may just now remove the directory of all, when it is empty.
func makeTrial(directory string) (err error) {
	for range 5 {
		if err = os.MkdirAll(directory, 0o755); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// clearTrial unmounts what is mounted below a trial's directory, and removes it. The directory of all goes with the last.
func clearTrial(directory string) {
	for _, mounted := range mountsBelow(directory) {
		_ = unix.Unmount(mounted, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	}
	_ = os.RemoveAll(directory)
	_ = unix.Rmdir(filepath.Dir(directory))
}

// mountsBelow lists mounts inside a directory, innermost first.
func mountsBelow(directory string) []string {
	if resolved, err := filepath.EvalSymlinks(directory); err == nil {
		directory = resolved
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		// Without /proc every place is tried where a trial mounts: unmounting what is none does nothing.
		possible, _ := filepath.Glob(stackIn(directory + "/*").merged)
		return possible
	}
	var found []string
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) < 5 {
			continue
		}
		if point := mountEscapes.Replace(string(fields[4])); point != directory && within(point, directory) {
			found = append(found, point)
		}
	}
	slices.Reverse(found)
	return found
}
