package recipe

import (
	"fmt"
	"strings"
	"sync"
)

// running is a build under way: where it is and what it printed.
type running struct {
	output   *output
	progress Progress

	mu sync.Mutex
	at *position
}

// announce hears the library's log: instructions as they begin, and commits, which are no instructions.
func (r *running) announce(format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	if strings.HasPrefix(format, "COMMIT") {
		return
	}
	r.output.restart()
	r.mu.Lock()
	r.at.enter(text)
	done, total := r.at.done, r.at.total
	r.mu.Unlock()
	r.progress.Step(text, done, max(done, total))
}

// failed says where the build was when it failed.
func (r *running) failed(dockerfile string, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	failure := &BuildError{
		Dockerfile:  dockerfile,
		Instruction: r.at.instruction,
		Line:        r.at.line,
		Cause:       err,
		DiskFull:    r.output.diskFull(),
	}
	// A commit that failed may have the status of a process of its own behind it.
	if strings.Contains(err.Error(), "building at STEP ") {
		failure.ExitCode = exitStatus(err, r.output)
	}
	if failure.ExitCode != 0 {
		failure.Tail = r.output.last()
	}
	return failure
}
