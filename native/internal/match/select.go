package match

import (
	"fmt"
)

// Kinds of patterns.
const (
	// Dockerignore takes what an ignore file ignores.
	Dockerignore = "dockerignore"
	// Copy takes what sources of COPY and ADD take.
	Copy = "copy"
	// Mask takes what a mask of a git mapping takes.
	Mask = "mask"
	// Glob takes what a permission covers.
	Glob = "glob"
	// FileGlob takes the files that match themselves, not those below a directory that does.
	FileGlob = "file-glob"
)

// BadPattern says which pattern cannot be understood.
type BadPattern struct {
	Pattern string
	Cause   error
}

// Error names the pattern.
func (b *BadPattern) Error() string { return fmt.Sprintf("pattern %q: %v", b.Pattern, b.Cause) }

// Unwrap gives the cause.
func (b *BadPattern) Unwrap() error { return b.Cause }

// decider answers for one path after another. Paths of one directory should follow each other.
type decider func(path string) (bool, error)

// Bitmap answers for each path whether a pattern of the kind takes it: path i is bit i%8 of byte i/8.
func Bitmap(kind string, patterns, paths []string) ([]byte, error) {
	takes, err := newDecider(kind, patterns)
	if err != nil {
		return nil, err
	}
	bitmap := make([]byte, (len(paths)+7)/8)
	for i, path := range paths {
		taken, err := takes(path)
		if err != nil {
			return nil, err
		}
		if taken {
			bitmap[i/8] |= 1 << (i % 8)
		}
	}
	return bitmap, nil
}

func newDecider(kind string, patterns []string) (decider, error) {
	switch kind {
	case Dockerignore:
		return ignored(patterns)
	case Copy:
		return copied(patterns)
	case Mask:
		return masked(patterns)
	case Glob:
		return covered(patterns)
	case FileGlob:
		return exactly(patterns)
	}
	return nil, fmt.Errorf("unknown kind of patterns %q", kind)
}
