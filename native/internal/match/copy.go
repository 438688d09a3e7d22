package match

import (
	"path"
	"path/filepath"
	"strings"
)

// copied follows the sources of COPY: a source names a file, a directory with all below it, or, with wildcards, each of
// them by components of the path.
func copied(patterns []string) (decider, error) {
	sources := make([][]string, 0, len(patterns))
	for _, pattern := range patterns {
		parts := components(pattern)
		for _, part := range parts {
			if _, err := filepath.Match(part, ""); err != nil {
				return nil, &BadPattern{Pattern: pattern, Cause: err}
			}
		}
		sources = append(sources, parts)
	}
	return func(name string) (bool, error) {
		for _, source := range sources {
			if takesFrom(source, name) {
				return true, nil
			}
		}
		return false, nil
	}, nil
}

// components splits a source inside the context's root: leading slashes and dots lead nowhere else.
func components(pattern string) []string {
	cleaned := strings.TrimPrefix(path.Clean("/"+pattern), "/")
	if cleaned == "" {
		return nil
	}
	return strings.Split(cleaned, "/")
}

// takesFrom compares component by component; when the source ends first, the path lies below it.
func takesFrom(source []string, name string) bool {
	for _, pattern := range source {
		part, rest, _ := strings.Cut(name, "/")
		if part == "" {
			return false
		}
		if part != pattern {
			// Bad patterns were refused before.
			if matched, _ := filepath.Match(pattern, part); !matched {
				return false
			}
		}
		name = rest
	}
	return true
}
