package dockerfile

import (
	"context"
	"runtime"
	"sync/atomic"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"slipway.dev/engine/internal/recipe"
)

// execution is a plan being carried out.
type execution struct {
	*Builder
	*plan
	request  Request
	progress recipe.Progress
	results  map[*plannedStage]*result
	// slots bound how many instructions are at work.
	slots     chan struct{}
	announced atomic.Int64
}

// result is a stage's image, once it is there.
type result struct {
	ready chan struct{}
	image recipe.Image
}

func newExecution(b *Builder, request Request, planned *plan, progress recipe.Progress) *execution {
	made := &execution{Builder: b, plan: planned, request: request, progress: progress,
		results: map[*plannedStage]*result{}, slots: make(chan struct{}, max(2, runtime.NumCPU()))}
	for _, stage := range planned.stages {
		made.results[stage] = &result{ready: make(chan struct{})}
	}
	return made
}

// run builds all stages, each as soon as what it needs is there. The first failure stops the others.
func (e *execution) run(ctx context.Context) (recipe.Image, error) {
	group, ctx := errgroup.WithContext(ctx)
	for _, stage := range e.stages {
		group.Go(func() error { return e.stage(ctx, stage) })
	}
	if err := group.Wait(); err != nil {
		return recipe.Image{}, err
	}
	return e.results[e.target].image, nil
}

func (e *execution) stage(ctx context.Context, stage *plannedStage) (err error) {
	image, err := e.begin(ctx, stage)
	if err != nil {
		return err
	}
	own := len(image.DiffIDs)
	defer func() {
		if len(image.DiffIDs) > own && (err != nil || stage != e.target) {
			err = e.save(image, err)
		}
	}()
	progress := e.heard(stage)
	for _, instruction := range stage.instructions {
		if image, err = e.instruction(ctx, stage, instruction, image, progress); err != nil {
			return failureOf(e.request.Name, instruction.command, err)
		}
	}
	e.results[stage].image = image
	close(e.results[stage].ready)
	return nil
}

// begin waits for what a stage starts from.
func (e *execution) begin(ctx context.Context, stage *plannedStage) (recipe.Image, error) {
	image := stage.image
	if stage.base != nil {
		var err error
		if image, err = e.await(ctx, stage.base); err != nil {
			return recipe.Image{}, err
		}
	}
	history := image.History()
	image.Configuration = stage.start
	image.Configuration.History = history
	image.Configuration.Created = &e.request.Epoch
	e.announce(stage.text)
	return image, nil
}

// await waits for a stage's image.
func (e *execution) await(ctx context.Context, stage *plannedStage) (recipe.Image, error) {
	select {
	case <-e.results[stage].ready:
		return e.results[stage].image, nil
	case <-ctx.Done():
		return recipe.Image{}, ctx.Err()
	}
}

// save keeps what a stage made, so that its layers are not taken for left ones. Where the stage failed, that it did is
// what counts.
func (e *execution) save(image recipe.Image, cause error) error {
	if _, err := e.Maker.Save(image, e.request.Epoch); cause == nil {
		return err
	}
	return cause
}

func (e *execution) announce(text string) {
	e.progress.Step(text, int(e.announced.Add(1)), e.total)
}

// instruction carries one out. On failure the image is the one before it.
func (e *execution) instruction(
	ctx context.Context, stage *plannedStage, i *instruction, image recipe.Image, progress recipe.Progress,
) (recipe.Image, error) {
	images, err := e.sources(ctx, i)
	if err != nil {
		return image, err
	}
	if err := e.take(ctx); err != nil {
		return image, err
	}
	defer func() { <-e.slots }()
	e.announce(i.title())
	made := image
	work, changes, err := e.job(i, images)
	if err != nil {
		return image, err
	}
	if changes {
		if made, err = e.perform(ctx, stage, work, image, progress); err != nil {
			return image, err
		}
	}
	history := append(image.Configuration.History[:len(image.Configuration.History):len(image.Configuration.History)],
		v1.History{Created: &e.request.Epoch, CreatedBy: i.title(), EmptyLayer: len(made.DiffIDs) == len(image.DiffIDs)})
	made.Configuration = i.after
	made.Configuration.History, made.Configuration.Created = history, &e.request.Epoch
	return made, nil
}

// take waits for a slot.
func (e *execution) take(ctx context.Context) error {
	select {
	case e.slots <- struct{}{}:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sources waits for the images that an instruction reads.
func (e *execution) sources(ctx context.Context, i *instruction) (map[string]recipe.Image, error) {
	images := map[string]recipe.Image{}
	for name, source := range i.sources {
		images[name] = source.image
		if source.stage != nil {
			image, err := e.await(ctx, source.stage)
			if err != nil {
				return nil, err
			}
			images[name] = image
		}
	}
	return images, nil
}
