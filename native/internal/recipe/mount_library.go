package recipe

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.podman.io/buildah/define"
)

// offer lets the library's builder mount secrets and agents. Secrets are written below the directory of the build, which
// is private and goes with it.
func (b Dockerfile) offer(options *define.CommonBuildOptions, directory string) error {
	for i, id := range slices.Sorted(maps.Keys(b.Secrets)) {
		path := filepath.Join(directory, "secret-"+strconv.Itoa(i))
		if err := os.WriteFile(path, b.Secrets[id], 0o600); err != nil {
			return fmt.Errorf("preparing a secret: %w", err)
		}
		if strings.ContainsAny(id+path, ",") {
			return fmt.Errorf("the secret %q: a comma is more than the library understands", id)
		}
		options.Secrets = append(options.Secrets, "id="+id+",src="+path)
	}
	for _, id := range slices.Sorted(maps.Keys(b.Agents)) {
		if CheckAgent(b.Agents[id]) == nil {
			options.SSHSources = append(options.SSHSources, id+"="+b.Agents[id])
		}
	}
	return nil
}
