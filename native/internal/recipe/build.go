package recipe

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.podman.io/buildah"
	"go.podman.io/buildah/define"
	"go.podman.io/buildah/imagebuildah"
	"go.podman.io/image/v5/types"
	"go.podman.io/storage"
	"go.podman.io/storage/pkg/archive"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/store"
)

// sharedMemory is the size of /dev/shm in run steps.
const sharedMemory = "65536k"

// Workshop is what all builds of this process share.
type Workshop struct {
	Store     *store.Store
	Isolation isolation.Choice
	// Layers makes the store's layers.
	Layers *layer.Committer
	// Uploads gets layers that are on their way to a repository; nil: nobody does.
	Uploads Uploader
	// Limits of run steps, `type=soft:hard`, and as the isolation takes them.
	Limits    []string
	RunLimits []host.Limit
	// Directory is private to this run.
	Directory string
	// Terminals are those that commands have at the moment.
	Terminals Terminals
}

// Dockerfile is one build.
type Dockerfile struct {
	Text, Name string
	// ContextSocket answers one connection with the context as a tar; empty: no context.
	ContextSocket string
	// Target is the name or index of a stage; empty: the last one.
	Target    string
	BuildArgs map[string]string
	// OS, Architecture, Variant to build for.
	Platform Platform
	AddHosts []string
	Network  isolation.Network
	// Secrets are contents by id, and Agents sockets of SSH agents by id, for mounts of RUN.
	Secrets map[string][]byte
	Agents  map[string]string
	// SourceDateEpoch, Unix seconds: when the image was made, and the latest time of its files.
	SourceDateEpoch int64
	// System says how registries are reached, for images that are not there yet.
	System *types.SystemContext
}

// Build makes the image of a Dockerfile. Equal builds give equal layers and configuration, on any machine. The result has
// no name. Steps end within two seconds after ctx is done.
func (w *Workshop) Build(ctx context.Context, build Dockerfile, progress Progress) (image *storage.Image, err error) {
	if build.Text == "" {
		return nil, &BuildError{Dockerfile: build.Name, Cause: fmt.Errorf("the file is empty")}
	}
	at, err := newPosition(build.Text, build.Name)
	if err != nil {
		return nil, &BuildError{Dockerfile: build.Name, Cause: err}
	}
	directory, err := os.MkdirTemp(w.Directory, "build-")
	if err != nil {
		return nil, fmt.Errorf("preparing a build: %w", err)
	}
	defer os.RemoveAll(directory)
	sources, err := receiveContext(ctx, build.ContextSocket, directory)
	if err != nil {
		return nil, err
	}
	leash, err := isolation.NewLeash(directory, build.Network, "")
	if err != nil {
		return nil, err
	}
	defer leash.Close()
	defer leash.StopWith(ctx)()
	berth := w.Store.NewBerth()
	defer func() { berth.Leave(err) }()
	running := &running{at: at, output: newOutput(progress, w.Store.NearlyFull), progress: progress}
	id, err := w.run(ctx, build, place{directory, sources, berth, leash}, running)
	if err != nil {
		return nil, running.failed(build.Name, err)
	}
	return w.finish(id, build.SourceDateEpoch)
}

// place is where one build happens.
type place struct {
	// directory is removed with the build; sources, below it, is the context.
	directory, sources string
	berth              *store.Berth
	leash              *isolation.Leash
}

func (w *Workshop) run(ctx context.Context, build Dockerfile, at place, running *running) (string, error) {
	file := filepath.Join(at.directory, "Dockerfile")
	if err := os.WriteFile(file, []byte(build.Text), 0o600); err != nil {
		return "", fmt.Errorf("preparing a build: %w", err)
	}
	// What the context holds is decided by whoever sends it.
	ignore := filepath.Join(at.directory, "ignore-nothing")
	if err := os.WriteFile(ignore, nil, 0o600); err != nil {
		return "", fmt.Errorf("preparing a build: %w", err)
	}
	defer running.output.flush()
	options := w.options(build)
	if err := build.offer(options.CommonBuildOpts, at.directory); err != nil {
		return "", err
	}
	options.ContextDirectory, options.IgnoreFile = at.sources, ignore
	options.ContainerSuffix = at.berth.ContainerSuffix()
	options.In, options.Out, options.Err = at.leash.Input(), running.output.stdout, running.output.stderr
	options.Log = running.announce
	// Otherwise the id is printed among the output.
	options.IIDFile = filepath.Join(at.directory, "id")
	id, _, err := imagebuildah.BuildDockerfiles(ctx, w.Store, options, file)
	return id, err
}

func (w *Workshop) options(build Dockerfile) define.BuildOptions {
	epoch := instant(build.SourceDateEpoch)
	system := build.Platform.choose(build.System)
	jobs := 1
	return define.BuildOptions{
		Args:                    build.BuildArgs,
		Target:                  build.Target,
		Isolation:               w.Isolation.Buildah(),
		Runtime:                 w.Isolation.Runtime,
		PullPolicy:              define.PullIfMissing,
		MaxPullPushRetries:      2,
		PullPushRetryDelay:      time.Second,
		Compression:             archive.Uncompressed,
		ReportWriter:            discard{},
		SignaturePolicyPath:     system.SignaturePolicyPath,
		SystemContext:           system,
		Architecture:            system.ArchitectureChoice,
		OS:                      system.OSChoice,
		OutputFormat:            buildah.Dockerv2ImageManifest,
		NamespaceOptions:        build.Network.Namespaces(),
		ConfigureNetwork:        buildah.NetworkDefault,
		NetworkInterface:        isolation.Idle{},
		CommonBuildOpts:         w.common(build.AddHosts),
		IDMappingOptions:        &define.IDMappingOptions{HostUIDMapping: true, HostGIDMapping: true},
		Layers:                  true,
		NoCache:                 build.Platform.foreign(),
		RemoveIntermediateCtrs:  true,
		ForceRmIntermediateCtrs: true,
		SourceDateEpoch:         &epoch,
		RewriteTimestamp:        true,
		SkipUnusedStages:        types.OptionalBoolTrue,
		CreatedAnnotation:       types.OptionalBoolFalse,
		InheritLabels:           types.OptionalBoolTrue,
		Jobs:                    &jobs,
	}
}

func (w *Workshop) common(addHosts []string) *define.CommonBuildOptions {
	return &define.CommonBuildOptions{
		AddHost:       addHosts,
		HTTPProxy:     true,
		IdentityLabel: types.OptionalBoolFalse,
		ShmSize:       sharedMemory,
		Ulimit:        w.Limits,
	}
}

// finish turns what the library committed into the image as it is handed out.
func (w *Workshop) finish(id string, epoch int64) (*storage.Image, error) {
	built, err := w.Store.Image(id)
	if err != nil {
		return nil, fmt.Errorf("finding the image that was built: %w", err)
	}
	made, err := readRecord(w.Store, built)
	if err != nil {
		return nil, err
	}
	if err := made.normalise(); err != nil {
		return nil, err
	}
	if err := set(made.configuration, "created", instant(epoch)); err != nil {
		return nil, err
	}
	return made.write(w.Store, instant(epoch))
}

// discard takes what the library says about copying blobs.
type discard struct{}

// Write takes everything.
func (discard) Write(data []byte) (int, error) { return len(data), nil }
