package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// contextOf tells what an instruction reads from the build context.
func contextOf(parsed instructions.Command) (sources, excludes, mounts []string) {
	switch typed := parsed.(type) {
	case *instructions.CopyCommand:
		if typed.From == "" {
			return typed.SourcePaths, typed.ExcludePatterns, nil
		}
	case *instructions.AddCommand:
		for _, path := range typed.SourcePaths {
			if !isRemote(path) {
				sources = append(sources, path)
			}
		}
		if len(sources) > 0 {
			return sources, typed.ExcludePatterns, nil
		}
	case *instructions.RunCommand:
		for _, mount := range instructions.GetMounts(typed) {
			if mount.Type != instructions.MountTypeBind || mount.From != "" {
				continue
			}
			source := mount.Source
			if source == "" {
				source = "."
			}
			mounts = append(mounts, source)
		}
	}
	return nil, nil, mounts
}

// isRemote says whether ADD fetches a source instead of reading the context.
func isRemote(source string) bool {
	for _, scheme := range []string{"http://", "https://", "git://", "ssh://", "git@"} {
		if strings.HasPrefix(strings.ToLower(source), scheme) {
			return true
		}
	}
	return false
}
