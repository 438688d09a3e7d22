package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/wire"
)

// makeStage makes the image of a stage of a Stapel image.
func makeStage(s *Session) func(context.Context, *recipe.Workshop, protocol.StageMake, wire.Emit) (protocol.ImageBuilt, error) {
	return func(ctx context.Context, at *recipe.Workshop, params protocol.StageMake, emit wire.Emit) (protocol.ImageBuilt, error) {
		// Working trees are kept: another stage follows that begins where this one ends.
		s.building.Add(1)
		defer s.building.Add(-1)
		made, err := stageImage(ctx, at, params, emit)
		if errors.Is(err, recipe.ErrNotKept) {
			return protocol.ImageBuilt{}, nil
		}
		if err != nil {
			return protocol.ImageBuilt{}, err
		}
		saved, err := at.Save(made, made.Configuration.Created.UTC())
		if err != nil {
			return protocol.ImageBuilt{}, err
		}
		facts, err := at.Store.FactsOf(saved)
		return protocol.ImageBuilt{Facts: facts}, err
	}
}

// stageImage makes the layer, and completes the configuration of the base.
func stageImage(ctx context.Context, at *recipe.Workshop, params protocol.StageMake, emit wire.Emit) (made recipe.Image, err error) {
	// What a command sees but the image does not keep lies there.
	directory, err := os.MkdirTemp(at.Store.Scratch(), "stage-")
	if err != nil {
		return made, fmt.Errorf("preparing a stage: %w", err)
	}
	defer os.RemoveAll(directory)
	for range buildsAgain {
		base, problem := stageBase(at, params)
		if problem != nil {
			return made, problem
		}
		steps, problem := stageSteps(at, params, base, directory, emit)
		if problem != nil {
			return made, problem
		}
		epoch := time.Unix(int64(params.SourceDateEpoch), 0).UTC()
		made, err = at.Make(ctx, recipe.Recipe{Base: base, Steps: steps, Epoch: epoch, UploadTo: params.UploadTo}, emit)
		if err == nil {
			return stageConfigured(base, made, params, epoch), nil
		}
		if !layer.Gone(err) {
			break
		}
	}
	return made, stageFailure(at, err)
}

// stageFailure gives what no room below has a code for the one of builds: what is wrong is wrong with the stage.
func stageFailure(at *recipe.Workshop, err error) error {
	failure := badMask(asFailure(at.Store, err))
	var known *wire.Failure
	if errors.Is(err, recipe.ErrNotKept) || errors.As(failure, &known) {
		return failure
	}
	return wire.Because(err, BuildFailed, err.Error(), "")
}

// stageBase is what a stage begins with: an image of this store, or nothing but a platform.
func stageBase(at *recipe.Workshop, params protocol.StageMake) (recipe.Image, error) {
	if params.Base != "" {
		return localImage(at, params.Base)
	}
	platform, err := recipe.ParsePlatform(params.Platform)
	if err != nil {
		return recipe.Image{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	var base recipe.Image
	base.Configuration.OS, base.Configuration.Architecture = platform.OS, platform.Architecture
	base.Configuration.Variant = platform.Variant
	return base, nil
}

func localImage(at *recipe.Workshop, name string) (recipe.Image, error) {
	found, err := at.Store.Find(name)
	if err != nil {
		return recipe.Image{}, err
	}
	return at.Load(found)
}

// stageSteps are what happens to files, in order.
func stageSteps(
	at *recipe.Workshop, params protocol.StageMake, base recipe.Image, directory string, emit wire.Emit,
) ([]recipe.Step, error) {
	var steps []recipe.Step
	if len(params.Emptied) > 0 {
		steps = append(steps, recipe.Empty{Paths: params.Emptied})
	}
	for _, one := range params.Imports {
		from, err := localImage(at, one.Image)
		if err != nil {
			return nil, err
		}
		steps = append(steps, recipe.Import{From: from, Name: one.Image, Add: one.Add, To: one.To, Include: one.IncludePaths,
			Exclude: one.ExcludePaths, Owner: one.Owner, Group: one.Group})
	}
	for i, one := range params.Files {
		place := recipe.Place{To: one.To, Owner: one.Owner, Group: one.Group, Removed: one.Removed}
		if one.HasFiles {
			place.Open = dockerfile.ContextPart(params.FilesSocket, i)
		}
		steps = append(steps, place)
	}
	for _, one := range params.Run {
		run, err := stageRun(at, base, one, directory, emit)
		if err != nil {
			return nil, err
		}
		steps = append(steps, run)
	}
	return steps, nil
}

// stageConfigured gives what was made the configuration of its base, with what the stage adds.
func stageConfigured(base, made recipe.Image, params protocol.StageMake, epoch time.Time) recipe.Image {
	config := base.Configuration.Config
	if slices.Equal(config.Entrypoint, []string{""}) {
		// Other tools write no entry point like this.
		config.Entrypoint = nil
	}
	config.Env = dockerfile.WithVariables(config.Env, params.Env)
	labels := byName(params.Labels)
	for name, value := range config.Labels {
		if _, changed := labels[name]; !changed {
			labels[name] = value
		}
	}
	config.Labels = labels
	made.Configuration = base.Configuration
	made.Configuration.Config = config
	made.Configuration.Created = &epoch
	made.Configuration.History = append(base.History(), v1.History{
		Created: &epoch, CreatedBy: params.CreatedBy, EmptyLayer: len(made.DiffIDs) == len(base.DiffIDs),
	})
	return made
}
