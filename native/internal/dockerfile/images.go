package dockerfile

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"slipway.dev/engine/internal/recipe"
)

// fetchedAtOnce is how many images of a file are brought into the store at the same time.
const fetchedAtOnce = 4

// images brings each image outside the file into the store once.
type images struct {
	bring func(ctx context.Context, reference, platform string) (recipe.Image, error)

	mu    sync.Mutex
	known map[[2]string]recipe.Image
}

func newImages(bring func(ctx context.Context, reference, platform string) (recipe.Image, error)) *images {
	return &images{bring: bring, known: map[[2]string]recipe.Image{}}
}

// get gives an image for a platform.
func (i *images) get(ctx context.Context, reference, platform string) (recipe.Image, error) {
	key := [2]string{reference, platform}
	i.mu.Lock()
	image, found := i.known[key]
	i.mu.Unlock()
	if found {
		return image, nil
	}
	image, err := i.bring(ctx, reference, platform)
	if err != nil {
		return recipe.Image{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.known[key] = image
	return image, nil
}

// fetch brings what the needed stages name, side by side.
func (p *planner) fetch(ctx context.Context, needed []int, platforms map[int]recipe.Platform) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(fetchedAtOnce)
	asked := map[[2]string]bool{}
	want := func(from origin, index int, by command) {
		key := [2]string{from.reference, platforms[index].String()}
		if from.stage >= 0 || from.reference == scratch || asked[key] {
			return
		}
		asked[key] = true
		group.Go(func() error {
			if _, err := p.get(ctx, key[0], key[1]); err != nil {
				return p.failure(by, err)
			}
			return nil
		})
	}
	for _, index := range needed {
		want(p.origins[index], index, p.from(index))
		for _, command := range p.source.stages[index].commands {
			for _, name := range sourcesOf(command.parsed) {
				want(p.originOf(name, index, true), index, command)
			}
		}
	}
	return group.Wait()
}
