package recipe

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// BuildError says which instruction of a Dockerfile failed, and how.
type BuildError struct {
	Dockerfile string
	// Instruction is as written; Line is its first line, 0 where it is not in the file.
	Instruction string
	Line        int
	// ExitCode is the status of a RUN's command; 0 when something else failed.
	ExitCode int
	// Tail are the last lines of output, at most 50.
	Tail  []string
	Cause error
}

// Error says where and why.
func (e *BuildError) Error() string {
	where := e.Dockerfile
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.Dockerfile, e.Line)
	}
	if e.ExitCode != 0 {
		return fmt.Sprintf("%s: the command ended with exit status %d: %s", where, e.ExitCode, firstLine(e.Instruction))
	}
	if e.Instruction == "" {
		return fmt.Sprintf("%s: %v", where, e.Cause)
	}
	return fmt.Sprintf("%s: %s: %s", where, firstLine(e.Instruction), reason(e.Cause))
}

// Unwrap gives what the library said.
func (e *BuildError) Unwrap() error { return e.Cause }

// exitCode finds the status of a command behind an error; 0: it is not about a command.
func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// reason leaves out what the library says about the step, which we say better.
func reason(err error) string {
	text := err.Error()
	if _, rest, found := strings.Cut(text, "building at STEP \""); found {
		if _, cause, found := strings.Cut(rest, "\": "); found {
			return cause
		}
	}
	return text
}

func firstLine(text string) string {
	line, rest, _ := strings.Cut(text, "\n")
	if rest != "" {
		return line + " …"
	}
	return line
}

// withoutNoise drops the line that the isolation itself adds about the exit status.
func withoutNoise(lines []string) []string {
	for len(lines) > 0 && (strings.HasPrefix(lines[len(lines)-1], "subprocess exited with status ") ||
		strings.HasPrefix(lines[len(lines)-1], "subprocess exited on ")) {
		lines = lines[:len(lines)-1]
	}
	return lines
}
