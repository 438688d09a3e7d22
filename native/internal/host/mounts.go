package host

import (
	"path/filepath"
	"slices"
	"strings"
)

// mount is a line of /proc/self/mountinfo.
type mount struct {
	point, kind string
	// options are those of the mount, super those of the file system.
	options, super []string
}

func (m mount) has(option string) bool {
	return slices.Contains(m.options, option) || slices.Contains(m.super, option)
}

// mounts reads what is mounted, in the order in which it was mounted.
func (r Root) mounts() []mount {
	var found []mount
	for line := range strings.Lines(r.read("/proc/self/mountinfo")) {
		before, after, _ := strings.Cut(line, " - ")
		fields, rest := strings.Fields(before), strings.Fields(after)
		if len(fields) < 6 || len(rest) < 3 {
			continue
		}
		found = append(found, mount{
			point: unescape(fields[4]), kind: rest[0], options: strings.Split(fields[5], ","), super: strings.Split(rest[2], ","),
		})
	}
	return found
}

var escapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

func unescape(text string) string { return escapes.Replace(text) }

// mountOf finds the mount that a path lies on.
func (r Root) mountOf(path string) mount {
	var best mount
	for _, candidate := range r.mounts() {
		if len(candidate.point) >= len(best.point) && within(path, candidate.point) {
			best = candidate
		}
	}
	return best
}

// within says whether a path is a directory or lies below it.
func within(path, directory string) bool {
	relative, err := filepath.Rel(directory, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, "../")
}
