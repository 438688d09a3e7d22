package registry

import (
	"context"
	"errors"
	"time"
)

// attempts is how often something is tried again after a passing fault.
const attempts = 10

// looks is how often an address where nobody answers is tried, and lookPause what comes between.
const (
	looks     = 3
	lookPause = time.Second
)

// firstPause comes before the second attempt; the pause grows with each.
const firstPause = 5 * time.Second

// Retry runs do until it succeeds, fails for good, or has been tried often enough. `tell` hears of every new attempt.
func Retry(ctx context.Context, tell func(fault *Fault, pause time.Duration), do func() error) error {
	return retry(ctx, schedule{attempts: attempts, pause: firstPause, looks: looks, lookPause: lookPause}, tell, do)
}

type schedule struct {
	attempts, looks  int
	pause, lookPause time.Duration
}

// next says how long to wait after so many attempts, or that it is of no use.
func (s schedule) next(fault *Fault, attempt int) (pause time.Duration, again bool) {
	if fault.Absent() {
		return s.lookPause, attempt < s.looks
	}
	return s.pause * time.Duration(attempt), fault.Passing() && attempt <= s.attempts
}

func retry(ctx context.Context, plan schedule, tell func(*Fault, time.Duration), do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		var fault *Fault
		if err == nil || !errors.As(err, &fault) {
			return err
		}
		pause, again := plan.next(fault, attempt)
		if !again {
			return err
		}
		tell(fault, pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}
