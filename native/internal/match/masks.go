package match

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Masks take paths as those of git mappings do: what an include matches, or everything where there is none, but nothing
// that an exclude matches.
type Masks struct {
	include, exclude decider
	// ways are the includes by their parts; nil: there is none.
	ways [][]string
	all  bool
}

// NewMasks reads masks. The error is a *BadPattern.
func NewMasks(include, exclude []string) (*Masks, error) {
	made := &Masks{all: len(include)+len(exclude) == 0}
	var err error
	if made.include, err = masked(include); err != nil {
		return nil, err
	}
	if made.exclude, err = masked(exclude); err != nil {
		return nil, err
	}
	for _, mask := range include {
		made.ways = append(made.ways, strings.Split(strings.TrimPrefix(strings.TrimPrefix(mask, "./"), "/"), "/"))
	}
	return made, nil
}

// All says that there are no masks.
func (m *Masks) All() bool { return m.all }

// Takes decides about a file or a directory itself. Patterns were checked: there is no error.
func (m *Masks) Takes(path string) bool {
	if excluded, _ := m.exclude(path); excluded {
		return false
	}
	if m.ways == nil {
		return true
	}
	included, _ := m.include(path)
	return included
}

// Enters says whether something below a directory could be taken.
func (m *Masks) Enters(directory string) bool {
	if excluded, _ := m.exclude(directory); excluded {
		return false
	}
	if m.ways == nil {
		return true
	}
	for _, way := range m.ways {
		if leadsTo(way, strings.Split(directory, "/")) {
			return true
		}
	}
	return false
}

// leadsTo says whether a mask could match something at or below a directory.
func leadsTo(way, directory []string) bool {
	for i, name := range directory {
		if i == len(way) || way[i] == "" {
			return true
		}
		// `**` is any number of parts, and braces may hold slashes.
		if strings.Contains(way[i], "**") || strings.ContainsAny(way[i], `{}\`) {
			return true
		}
		if !doublestar.MatchUnvalidated(way[i], name) {
			return false
		}
	}
	return true
}
