package isolation

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"slipway.dev/engine/internal/host"
)

// runtimeProblem is what a runtime said that is installed.
type runtimeProblem struct {
	path string
	err  error
}

// noRuntime says why no runtime works, in one sentence.
func noRuntime(problems []runtimeProblem) *host.Obstacle {
	install := host.SurroundingsOutside().Install(host.Package{Debian: "runc"})
	if len(problems) == 0 {
		return &host.Obstacle{
			Code: NoRuntime, Message: fmt.Sprintf("no OCI runtime is installed (%s)", strings.Join(runtimes, ", ")), Remedy: install,
		}
	}
	// What is installed and fails does not get better by that.
	if slices.ContainsFunc(problems, func(problem runtimeProblem) bool { return filepath.Base(problem.path) == "runc" }) {
		install = ""
	}
	said := make([]string, 0, len(problems))
	var remedies []string
	for _, problem := range problems {
		message, remedy := problem.explain(install)
		said = append(said, message)
		if remedy != "" && !slices.Contains(remedies, remedy) {
			remedies = append(remedies, remedy)
		}
	}
	return &host.Obstacle{
		Code: NoRuntime, Message: "no OCI runtime works: " + strings.Join(said, "; "), Remedy: strings.Join(remedies, "; or "),
	}
}

// explain tells what a runtime's words mean, and what helps.
func (p runtimeProblem) explain(install string) (message, remedy string) {
	message = fmt.Sprintf("%s: %v", p.path, p.err)
	name := filepath.Base(p.path)
	switch {
	case strings.Contains(message, "unknown version specified"):
		if install == "" {
			return message + " (it is too old for today's runtime specification)", name + " 1.8.4 or newer"
		}
		return message + " (it is too old for today's runtime specification)", fmt.Sprintf("%s 1.8.4 or newer, or runc: %s", name, install)
	case strings.Contains(message, "cgroups in hybrid mode not supported"):
		unified := "boot with `systemd.unified_cgroup_hierarchy=1`"
		if install == "" {
			return message, unified
		}
		return message, unified + "; or " + install
	case strings.Contains(message, "/nothing: permission denied"):
		return message + " (the store may lie on a file system mounted noexec)", "put the store on a file system that is not mounted noexec"
	}
	return message, install
}

// logged is a line of the log of runtimes that are written in Go.
var logged = regexp.MustCompile(`\bmsg="((?:[^"\\]|\\.)*)"`)

// complaint is the last line that a program printed, without what only a log needs.
func complaint(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if found := logged.FindStringSubmatch(last); found != nil {
		return strings.ReplaceAll(found[1], `\"`, `"`)
	}
	return last
}
