package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/registry"
	"slipway.dev/engine/internal/store"
	"slipway.dev/engine/internal/wire"
)

// openStore opens the store once; later calls get the first answer.
func openStore(s *Session) func(context.Context, protocol.StoreOpen, wire.Emit) (protocol.StoreOpened, error) {
	return func(ctx context.Context, params protocol.StoreOpen, _ wire.Emit) (protocol.StoreOpened, error) {
		if s.storeObstacle != nil {
			return protocol.StoreOpened{}, openFailure(s.storeObstacle)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.workshop != nil {
			return s.opened, nil
		}
		workshop, opened, err := open(ctx, *s.settings, params, s.ground)
		if err != nil {
			return protocol.StoreOpened{}, openFailure(err)
		}
		s.uploads = registry.NewUploads(s.Settings, workshop.Store, workshop.Layers.Blobs)
		workshop.Uploads = s.uploads
		s.builder = dockerfile.NewBuilder(workshop)
		s.workshop, s.opened = workshop, opened
		return opened, nil
	}
}

func open(
	ctx context.Context, settings protocol.Settings, params protocol.StoreOpen, ground host.Ground,
) (*recipe.Workshop, protocol.StoreOpened, error) {
	limits, err := runLimits(params.Ulimits)
	if err != nil {
		return nil, protocol.StoreOpened{}, wire.Because(err, OptionInvalid, err.Error(), strings.Join(remediesOf(err), between))
	}
	compression, err := layer.ParseCompression(params.Compression)
	if err != nil {
		return nil, protocol.StoreOpened{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	if err := settle(settings); err != nil {
		return nil, protocol.StoreOpened{}, err
	}
	layer.RegisterDriver()
	opened, err := store.Open(store.Wish{Asked: params.Driver, Unmounted: unmounted(params.Mode, ground), Ground: ground.Standing})
	if err != nil {
		return nil, protocol.StoreOpened{}, err
	}
	memory := filepath.Join(opened.RunRoot(), "slipway-runtimes.json")
	choice, err := isolation.Choose(ctx, isolationRequest(ground, params.Mode, params.Runtime, opened.GraphRoot(), memory))
	if err != nil {
		return nil, protocol.StoreOpened{}, modeFailure(params.Mode, err, opened.Close())
	}
	workshop, err := furnish(opened, compression, int64(params.BlobCache))
	if err != nil {
		return nil, protocol.StoreOpened{}, errors.Join(err, opened.Close())
	}
	workshop.Isolation, workshop.RunLimits, workshop.Directory = choice, limits, settings.RunDirectory
	for _, limit := range limits {
		workshop.Limits = append(workshop.Limits, limit.Assignment())
	}
	return workshop, protocol.StoreOpened{
		Driver:    string(opened.Driver),
		GraphRoot: opened.GraphRoot(),
		RunRoot:   opened.RunRoot(),
		Mode:      string(choice.Mode),
		Runtime:   choice.Runtime,
		Why:       choice.Why + "; " + opened.Why,
		Warnings:  append(choice.Warnings, opened.Warnings...),
	}, nil
}

// unmounted says that run steps of a mode can mount nothing, or have a single id.
func unmounted(mode string, ground host.Ground) bool {
	if mode == string(isolation.PlainChroot) {
		return true
	}
	return ground.Standing != host.AsRoot && ground.Standing != host.InNamespace
}

// blobCache is how many bytes of compressed layers are kept without a wish.
const blobCache = 10 << 30

// furnish gives a store what makes its layers.
func furnish(opened *store.Store, compression layer.Compression, limit int64) (*recipe.Workshop, error) {
	wished := limit != 0
	if !wished {
		limit = blobCache
	}
	blobs, err := layer.NewBlobs(opened.GraphRoot(), opened.Owner(), compression, limit)
	if err != nil {
		return nil, err
	}
	blobs.Sweep(opened.Alive)
	blobs.Frugal = opened.Driver == store.Plain && !wished
	layers := &layer.Committer{Store: opened, Blobs: blobs, Directory: opened.Scratch()}
	return &recipe.Workshop{Store: opened, Layers: layers}, nil
}

func modeFailure(mode string, err, closing error) error {
	if closing != nil {
		err = fmt.Errorf("%w; closing the store: %w", err, closing)
	}
	hint := strings.Join(remediesOf(err), between)
	if mode == string(isolation.Rootless) {
		hint = strings.Join(append(remediesOf(err), "use WERF_BUILDAH_MODE=auto"), between)
	}
	code := OptionInvalid
	if hint != "" {
		code = ModeUnavailable
	}
	return wire.Because(err, code, err.Error(), hint)
}

// settle keeps the libraries' files and settings inside the run directory.
func settle(settings protocol.Settings) error {
	if err := store.SettleRuntimeDirectory(); err != nil {
		return err
	}
	if err := registry.Settle(settings); err != nil {
		return err
	}
	path := filepath.Join(settings.RunDirectory, "containers.conf")
	if err := os.WriteFile(path, []byte(isolation.ContainersConf), 0o600); err != nil {
		return fmt.Errorf("preparing the run directory: %w", err)
	}
	return os.Setenv("CONTAINERS_CONF", path)
}

// runLimits are the limits of run steps: those asked for, or all of this process, whose hard limits a step may not exceed.
func runLimits(asked []string) ([]host.Limit, error) {
	present, err := host.Limits()
	if err != nil {
		return nil, err
	}
	chosen := map[string]host.Limit{}
	for _, text := range asked {
		limit, err := host.ParseLimit(text)
		if err != nil {
			return nil, err
		}
		if err := host.CheckLimit(limit, present, host.Root("/").MayRaiseLimits()); err != nil {
			return nil, err
		}
		chosen[limit.Name] = limit
	}
	limits := make([]host.Limit, 0, len(present))
	for _, limit := range present {
		if own, found := chosen[limit.Name]; found {
			limit = own
		}
		limits = append(limits, limit)
	}
	return limits, nil
}
