package match

import (
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"strings"
)

// ignored follows .dockerignore: the last pattern that matches decides, and what is below an ignored directory is
// ignored with it unless taken back.
func ignored(patterns []string) (decider, error) {
	cleaned, err := ignorefile.ReadAll(strings.NewReader(strings.Join(patterns, "\n")))
	if err != nil {
		return nil, err
	}
	matcher, err := patternmatcher.New(cleaned)
	if err != nil {
		return nil, &BadPattern{Pattern: strings.Join(patterns, ", "), Cause: err}
	}
	return func(path string) (bool, error) {
		taken, err := matcher.MatchesOrParentMatches(path)
		if err != nil {
			return false, &BadPattern{Pattern: strings.Join(patterns, ", "), Cause: err}
		}
		return taken, nil
	}, nil
}
