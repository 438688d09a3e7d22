package dockerfile

import (
	"errors"
	"strings"

	"slipway.dev/engine/internal/recipe"
)

// failureOf says which instruction failed, and how.
func failureOf(dockerfile string, c command, err error) *recipe.BuildError {
	failure := &recipe.BuildError{Dockerfile: dockerfile, Instruction: c.title(), Line: c.line, Cause: err}
	if c.onBuild {
		failure.Line = 0
	}
	var failed *recipe.CommandFailed
	if errors.As(err, &failed) {
		failure.ExitCode, failure.Tail, failure.DiskFull = failed.Status, failed.Tail, failed.DiskFull
	}
	return failure
}

// title is an instruction as written, in one line: without its here-documents.
func (c command) title() string {
	line, _, _ := strings.Cut(c.text, "\n")
	return line
}
