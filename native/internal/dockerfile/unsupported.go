package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// Unsupported says what in a Dockerfile this package cannot build.
type Unsupported struct {
	// Line is 0 where the instruction comes from a base image.
	Line int
	// What is the instruction, with the flag that cannot be done.
	What string
}

// Error names it.
func (u *Unsupported) Error() string { return u.What + " cannot be built here" }

// unsupported finds what of an instruction, expanded, cannot be done; empty: nothing.
func unsupported(parsed instructions.Command) string {
	switch typed := parsed.(type) {
	case *instructions.RunCommand:
		return unsupportedRun(typed)
	case *instructions.AddCommand:
		return unsupportedAdd(typed)
	}
	return ""
}

func unsupportedRun(typed *instructions.RunCommand) string {
	if len(instructions.GetDevices(typed)) > 0 {
		return "RUN --device"
	}
	return ""
}

func unsupportedAdd(typed *instructions.AddCommand) string {
	if typed.KeepGitDir != nil {
		return "ADD --keep-git-dir"
	}
	for _, path := range typed.SourcePaths {
		if isRemote(path) && !isDownload(path) {
			return "ADD of a git repository"
		}
	}
	return ""
}

// isDownload says whether a source is a file on a web server, and not a repository there.
func isDownload(source string) bool {
	lower := strings.ToLower(source)
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
		return false
	}
	address, _, _ := strings.Cut(lower, "#")
	address, _, _ = strings.Cut(address, "?")
	return !strings.HasSuffix(address, ".git")
}
