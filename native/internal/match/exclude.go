package match

import "github.com/moby/patternmatcher"

// Excluder decides by patterns as those of an ignore file.
type Excluder struct {
	matcher *patternmatcher.PatternMatcher
}

// NewExcluder excludes nothing where there are no patterns.
func NewExcluder(patterns []string) (*Excluder, error) {
	if len(patterns) == 0 {
		return &Excluder{}, nil
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		return nil, err
	}
	return &Excluder{matcher: matcher}, nil
}

// Excludes says whether a path is left out.
func (e *Excluder) Excludes(path string) (bool, error) {
	if e.matcher == nil {
		return false, nil
	}
	return e.matcher.MatchesOrParentMatches(path)
}

// ExcludesAll says whether a directory is left out with all it holds: nothing below may come back.
func (e *Excluder) ExcludesAll(path string) (bool, error) {
	if e.matcher == nil || e.matcher.Exclusions() {
		return false, nil
	}
	return e.matcher.MatchesOrParentMatches(path)
}
