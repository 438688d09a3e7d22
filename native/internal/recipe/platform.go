package recipe

import (
	"fmt"
	"runtime"
	"strings"

	"go.podman.io/image/v5/types"
)

// Platform is os/arch[/variant]; empty fields are the host's.
type Platform struct{ OS, Architecture, Variant string }

// ParsePlatform reads os/arch[/variant], or nothing for the host's.
func ParsePlatform(text string) (Platform, error) {
	if text == "" {
		return Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH}, nil
	}
	parts := strings.Split(text, "/")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" || parts[1] == "" {
		return Platform{}, fmt.Errorf("platform %q is not of the form os/arch[/variant]", text)
	}
	platform := Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		platform.Variant = parts[2]
	}
	return platform, nil
}

// String is os/arch[/variant].
func (p Platform) String() string {
	if p.Variant == "" {
		return p.OS + "/" + p.Architecture
	}
	return p.OS + "/" + p.Architecture + "/" + p.Variant
}

// choose asks registries for the platform.
func (p Platform) choose(system *types.SystemContext) *types.SystemContext {
	chosen := *system
	chosen.OSChoice, chosen.ArchitectureChoice, chosen.VariantChoice = p.OS, p.Architecture, p.Variant
	return &chosen
}

// foreign says that this machine does not run its programs itself.
func (p Platform) foreign() bool { return p.OS != runtime.GOOS || p.Architecture != runtime.GOARCH }
