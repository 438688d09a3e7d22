package match

import (
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// masked follows the masks of git mappings: a mask takes what it matches, and everything below.
func masked(patterns []string) (decider, error) {
	return below(patterns, func(pattern string) string {
		for {
			trimmed := strings.TrimSuffix(strings.TrimSuffix(pattern, "/"), "/*")
			trimmed = strings.TrimSuffix(trimmed, "/**")
			if trimmed == pattern {
				return pattern
			}
			pattern = trimmed
		}
	})
}

// covered follows the globs of permissions: a pattern that matches a directory covers what is below.
func covered(patterns []string) (decider, error) {
	return below(patterns, func(pattern string) string { return strings.TrimSuffix(pattern, "/") })
}

// exactly follows the globs of templates: a pattern takes what it matches itself.
func exactly(patterns []string) (decider, error) {
	cleaned, err := valid(patterns, path.Clean)
	return func(path string) (bool, error) {
		for _, pattern := range cleaned {
			if doublestar.MatchUnvalidated(pattern, path) {
				return true, nil
			}
		}
		return false, nil
	}, err
}

func valid(patterns []string, clean func(string) string) ([]string, error) {
	cleaned := make([]string, 0, len(patterns))
	for _, pattern := range patterns {
		plain := clean(strings.TrimPrefix(strings.TrimPrefix(pattern, "./"), "/"))
		if !doublestar.ValidatePattern(plain) {
			return nil, &BadPattern{Pattern: pattern, Cause: doublestar.ErrBadPattern}
		}
		cleaned = append(cleaned, plain)
	}
	return cleaned, nil
}

// below takes a path when a pattern matches it or one of its parents.
func below(patterns []string, clean func(string) string) (decider, error) {
	cleaned, err := valid(patterns, clean)
	if err != nil {
		return nil, err
	}
	return func(path string) (bool, error) {
		for _, pattern := range cleaned {
			if pattern == "" || matchesOrParent(pattern, path) {
				return true, nil
			}
		}
		return false, nil
	}, nil
}

func matchesOrParent(pattern, path string) bool {
	for {
		if doublestar.MatchUnvalidated(pattern, path) {
			return true
		}
		cut := strings.LastIndexByte(path, '/')
		if cut < 0 {
			return false
		}
		path = path[:cut]
	}
}
