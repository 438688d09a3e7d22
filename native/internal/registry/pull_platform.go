package registry

import (
	"context"
	"fmt"
	"strings"

	"go.podman.io/image/v5/manifest"
	"go.podman.io/image/v5/types"
)

// explain says which platforms an index has, when the wanted one is missing.
func (p Pull) explain(ctx context.Context, system *types.SystemContext, remote types.ImageReference, err error) error {
	if err == nil || !strings.Contains(err.Error(), "no image found in ") {
		return err
	}
	platforms := "none"
	if found := platformsOf(ctx, system, remote); len(found) > 0 {
		platforms = strings.Join(found, ", ")
	}
	return &Fault{Code: PlatformMismatch, Cause: err,
		Message: fmt.Sprintf("image %s has no variant for %s; it has: %s", p.Reference, p.platform(), platforms)}
}

func platformsOf(ctx context.Context, system *types.SystemContext, remote types.ImageReference) []string {
	source, err := remote.NewImageSource(ctx, system)
	if err != nil {
		return nil
	}
	defer source.Close()
	text, mediaType, err := source.GetManifest(ctx, nil)
	if err != nil {
		return nil
	}
	list, err := manifest.ListFromBlob(text, mediaType)
	if err != nil {
		return nil
	}
	var platforms []string
	for _, instance := range list.Instances() {
		described, err := list.Instance(instance)
		if err == nil && described.ReadOnly.Platform != nil {
			found := described.ReadOnly.Platform
			platforms = append(platforms, strings.TrimSuffix(found.OS+"/"+found.Architecture+"/"+found.Variant, "/"))
		}
	}
	return platforms
}

func (p Pull) platform() string {
	return strings.TrimSuffix(p.OS+"/"+p.Architecture+"/"+p.Variant, "/")
}

// fits compares os and architecture, and the variant only where both name one.
func (p Pull) fits(platform string) bool {
	parts := append(strings.SplitN(platform, "/", 3), "")
	return parts[0] == p.OS && parts[1] == p.Architecture &&
		(p.Variant == "" || parts[2] == "" || parts[2] == p.Variant)
}
