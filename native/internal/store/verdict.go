package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// verdicts are trials that were passed. Failures are not kept: what made them may have been put right.
type verdicts struct {
	path string
	// Boot is the machine's start that they hold for, Kernel its kernel.
	Boot   string `json:"boot"`
	Kernel string `json:"kernel"`
	// Passed has the limits of drivers by all that the trial depended on.
	Passed map[string][]string `json:"passed"`
}

// maxVerdicts is how many are kept: stores that come and go would fill the file.
const maxVerdicts = 64

// readVerdicts reads what earlier processes found; of another boot it is void.
func readVerdicts(runRoot string) *verdicts {
	none := &verdicts{
		path:   filepath.Join(runRoot, "slipway-drivers.json"),
		Boot:   bootID(),
		Kernel: release(),
		Passed: map[string][]string{},
	}
	text, err := os.ReadFile(none.path)
	if err != nil || none.Boot == "" {
		return none
	}
	read := verdicts{path: none.path}
	if json.Unmarshal(text, &read) != nil || read.Boot != none.Boot || read.Kernel != none.Kernel || read.Passed == nil {
		return none
	}
	return &read
}

// verdictKey is all that a driver's trial depends on besides the boot: whose process, under which limits, which directory
// on which mount, which settings and which program.
func verdictKey(driver Driver, seen filesystem, wish Wish, options []string) string {
	return fmt.Sprintf("%s uid=%d/%d ground=%s may=%q directory=%d:%d on=%q flags=%x options=%q program=%s", driver, userID(), os.Geteuid(), wish.Ground, confinement(),
		seen.device, seen.inode, seen.String(), seen.flags, options, identity(option(options, "mount_program")))
}

// confinement is what this process may do: its capabilities, and filters and profiles that it is under.
func confinement() string {
	profile, _ := os.ReadFile("/proc/self/attr/current")
	status, _ := os.ReadFile("/proc/self/status")
	known := strings.TrimRight(string(profile), "\x00\n")
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if name == "CapEff" || name == "Seccomp" || name == "Seccomp_filters" {
			known += " " + strings.TrimSpace(value)
		}
	}
	return known
}

// identity changes with a program's file.
func identity(program string) string {
	status, err := os.Stat(program)
	if err != nil {
		return "none"
	}
	return fmt.Sprintf("%d/%d", status.Size(), status.ModTime().UnixNano())
}

// passed says whether the driver works by an earlier trial, and what its limits are.
func (v *verdicts) passed(key string) (limits []string, known bool) {
	limits, known = v.Passed[key]
	return limits, known
}

// keep replaces the file at once. A verdict that cannot be kept costs the next process a trial, no more.
func (v *verdicts) keep(key string, limits []string) {
	if v.Boot == "" {
		return
	}
	if len(v.Passed) >= maxVerdicts {
		clear(v.Passed)
	}
	v.Passed[key] = limits
	text, err := json.Marshal(v)
	if err != nil {
		return
	}
	made := fmt.Sprintf("%s.%d", v.path, os.Getpid())
	if os.WriteFile(made, text, 0o600) == nil && os.Rename(made, v.path) == nil {
		return
	}
	_ = os.Remove(made)
}

// bootID is empty where /proc cannot be read: nothing is remembered then.
func bootID() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
}
