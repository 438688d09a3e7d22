package recipe

import (
	"context"
	"fmt"
	"os"

	"go.podman.io/buildah"
	"go.podman.io/buildah/define"
	"go.podman.io/common/pkg/config"
	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/store"
)

// Run runs a command in a temporary container of a local image; an empty command is the image's own. It returns the
// command's exit status.
func (w *Workshop) Run(
	ctx context.Context, image string, command []string, system *types.SystemContext, progress Progress,
) (status int, err error) {
	found, err := w.Store.Find(image)
	if err != nil {
		return 0, err
	}
	directory, err := os.MkdirTemp(w.Directory, "run-")
	if err != nil {
		return 0, fmt.Errorf("preparing a container: %w", err)
	}
	defer os.RemoveAll(directory)
	leash, err := isolation.NewLeash(directory, isolation.HostNetwork, "")
	if err != nil {
		return 0, err
	}
	defer leash.Close()
	defer leash.StopWith(ctx)()
	berth := w.Store.NewBerth()
	defer func() { berth.Leave(err) }()
	builder, err := w.container(ctx, found.ID, berth, system)
	if err != nil {
		return 0, fmt.Errorf("making a container of image %s: %w", image, err)
	}
	if len(command) == 0 {
		command = append(builder.Entrypoint(), builder.Cmd()...)
	}
	if len(command) == 0 {
		return 0, fmt.Errorf("image %s has no command of its own: name one", image)
	}
	return w.runIn(builder, command, leash, progress)
}

func (w *Workshop) container(
	ctx context.Context, id string, berth *store.Berth, system *types.SystemContext,
) (*buildah.Builder, error) {
	defaults, err := config.Default()
	if err != nil {
		return nil, err
	}
	capabilities, err := defaults.Capabilities("", nil, nil)
	if err != nil {
		return nil, err
	}
	return buildah.NewBuilder(ctx, w.Store, buildah.BuilderOptions{
		FromImage:           id,
		ContainerSuffix:     berth.ContainerSuffix(),
		PullPolicy:          define.PullNever,
		SystemContext:       system,
		SignaturePolicyPath: system.SignaturePolicyPath,
		Isolation:           w.Isolation.Buildah(),
		NamespaceOptions:    isolation.HostNetwork.Namespaces(),
		ConfigureNetwork:    buildah.NetworkDefault,
		NetworkInterface:    isolation.Idle{},
		Capabilities:        capabilities,
		CommonBuildOpts:     w.common(nil),
		IDMappingOptions:    &define.IDMappingOptions{HostUIDMapping: true, HostGIDMapping: true},
		ReportWriter:        discard{},
	})
}

func (w *Workshop) runIn(
	builder *buildah.Builder, command []string, leash *isolation.Leash, progress Progress,
) (int, error) {
	output := newOutput(progress, w.Store.NearlyFull)
	err := builder.Run(command, buildah.RunOptions{
		Isolation:        w.Isolation.Buildah(),
		Runtime:          w.Isolation.Runtime,
		NamespaceOptions: isolation.HostNetwork.Namespaces(),
		ConfigureNetwork: buildah.NetworkDefault,
		Terminal:         buildah.WithoutTerminal,
		Stdin:            leash.Input(),
		Stdout:           output.stdout,
		Stderr:           output.stderr,
	})
	output.flush()
	if status := exitStatus(err, output); status != 0 {
		return status, nil
	}
	return 0, err
}
