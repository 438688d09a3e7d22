package registry

import (
	"context"
	"sync"
)

// together does count things at once. The first that fails ends the others; it returns when all have ended.
func together(ctx context.Context, count int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	for i := range count {
		work.Go(func() {
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	work.Wait()
	return context.Cause(ctx)
}
