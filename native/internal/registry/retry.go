package registry

import (
	"context"
	"errors"
	"time"
)

// attempts is how often something is tried again after a passing fault.
const attempts = 10

// firstPause comes before the second attempt; the pause grows with each.
const firstPause = 5 * time.Second

// Retry runs do until it succeeds, fails for good, or has been tried often enough. `again` hears of every new attempt.
func Retry(ctx context.Context, again func(fault *Fault, pause time.Duration), do func() error) error {
	return retry(ctx, schedule{attempts: attempts, pause: firstPause}, again, do)
}

type schedule struct {
	attempts int
	pause    time.Duration
}

func retry(ctx context.Context, plan schedule, again func(*Fault, time.Duration), do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		var fault *Fault
		if err == nil || !errors.As(err, &fault) || !fault.Passing() || attempt > plan.attempts {
			return err
		}
		pause := plan.pause * time.Duration(attempt)
		again(fault, pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
