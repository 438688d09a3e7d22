package dockerfile

import (
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// contextOf tells what an instruction reads from the build context.
func contextOf(parsed instructions.Command) (sources, excludes, mounts []string) {
	switch typed := parsed.(type) {
	case *instructions.CopyCommand:
		if typed.From == "" {
			if typed.Parents {
				return withoutDepth(typed.SourcePaths), typed.ExcludePatterns, nil
			}
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

// withoutDepth are sources as far as they go before `**`: whatever lies below may be taken.
func withoutDepth(sources []string) []string {
	var above []string
	for _, source := range sources {
		parts := strings.Split(source, "/")
		if at := slices.Index(parts, "**"); at >= 0 {
			source = path.Join(".", path.Join(parts[:at]...))
		}
		above = append(above, source)
	}
	return above
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
