package recipe

import (
	"fmt"
	"regexp"
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
	Tail []string
	// DiskFull says that the command met a full disk, and it was the store's.
	DiskFull bool
	Cause    error
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

// libraryWords are phrases of the library that help nobody, and what we say in their place.
var libraryWords = []struct {
	pattern *regexp.Regexp
	plain   string
}{
	{regexp.MustCompile(`(?s)^.*building at STEP "[^\n]*?": `), ""},
	{regexp.MustCompile(`checking on sources under "[^"]*": (?:copier: stat: ("[^"]*"): no such file or directory)`), "$1 is not there to copy"},
	{regexp.MustCompile(`^Build error: (Unknown instruction: "[^"]*").*$`), "$1"},
}

// reason says in plain words why an instruction failed.
func reason(err error) string {
	text := err.Error()
	for _, phrase := range libraryWords {
		text = phrase.pattern.ReplaceAllString(text, phrase.plain)
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
