package dockerfile

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/layer"
	"slipway.dev/engine/internal/recipe"
)

// job says what an instruction does to files; changes is false for those that only change the configuration.
func (e *execution) job(i *instruction, images map[string]recipe.Image) (work job, changes bool, err error) {
	switch i.parsed.(type) {
	case *instructions.RunCommand:
		made, err := e.request.runningOf(i, images)
		return e.request.runJob(made), true, err
	case *instructions.CopyCommand, *instructions.AddCommand:
		return e.request.copyJob(transferOf(i, images)), true, nil
	case *instructions.WorkdirCommand:
		directory := i.after.Config.WorkingDir
		return workdirJob(directory, i.before.Config.User, e.request.Epoch), directory != "/", nil
	}
	return job{}, false, nil
}

// perform makes the layer of an instruction, or finds the one that was made before.
func (e *execution) perform(
	ctx context.Context, stage *plannedStage, work job, image recipe.Image, progress recipe.Progress,
) (recipe.Image, error) {
	cache := e.Cache
	if work.fleeting || isForeign(stage.platform) {
		cache = nil
	}
	name := ""
	if cache != nil {
		k := newKey(stage.platform.String(), image)
		work.decide(k)
		name = k.String()
		done, err := cache.hold(ctx, name)
		if err != nil {
			return image, err
		}
		defer done()
		if known, found, err := e.recall(ctx, stage, name, image); found || err != nil {
			return known, err
		}
	}
	made, err := e.make(ctx, stage, work, image, progress)
	if err == nil && cache != nil {
		cache.remember(name, e.request.Epoch, image, made)
	}
	return made, err
}

// recall finds what an instruction made before. A layer that was made at another commit is dated anew, so that the image is
// the one that a machine without memory would make.
func (e *execution) recall(
	ctx context.Context, stage *plannedStage, name string, image recipe.Image,
) (known recipe.Image, found bool, err error) {
	known, from, found := e.Cache.find(name, e.request.Epoch, image)
	if !found || from == nil {
		if found && known.Layer != image.Layer && e.Uploads != nil && e.uploadTo(stage) != "" {
			e.Uploads.Start(e.uploadTo(stage), layer.Made{ID: known.Layer, DiffID: known.DiffIDs[len(known.DiffIDs)-1]})
		}
		return known, found, nil
	}
	from.Base, from.To, from.UploadTo = image, e.request.Epoch, e.uploadTo(stage)
	known, err = e.Maker.Redate(ctx, *from)
	if layer.Gone(err) {
		return image, false, nil
	}
	if err == nil {
		e.Cache.remember(name, e.request.Epoch, image, known)
	}
	return known, true, err
}

func (e *execution) make(
	ctx context.Context, stage *plannedStage, work job, image recipe.Image, progress recipe.Progress,
) (recipe.Image, error) {
	directory, err := os.MkdirTemp(e.Directory, "instruction-")
	if err != nil {
		return recipe.Image{}, fmt.Errorf("preparing an instruction: %w", err)
	}
	defer os.RemoveAll(directory)
	steps, err := work.steps(ctx, directory)
	if err != nil {
		return recipe.Image{}, err
	}
	if len(steps) == 0 {
		return image, nil
	}
	return e.Maker.Make(ctx, recipe.Recipe{Base: image, Steps: steps, Epoch: e.request.Epoch, UploadTo: e.uploadTo(stage)}, progress)
}

// uploadTo is where layers of a stage go while the build goes on: those of others are in no image that is pushed.
func (e *execution) uploadTo(stage *plannedStage) string {
	if !stage.uploads {
		return ""
	}
	return e.request.UploadTo
}

// isForeign says that this machine does not run the platform's programs itself.
func isForeign(platform recipe.Platform) bool {
	return platform.OS != runtime.GOOS || platform.Architecture != runtime.GOARCH
}
