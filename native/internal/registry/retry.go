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
	return retry(ctx, patient(), tell, do)
}

// patient is the schedule of transfers.
func patient() schedule {
	return schedule{attempts: attempts, pause: firstPause, looks: looks, lookPause: lookPause}
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
	pause = s.pause * time.Duration(attempt)
	if fault.RetryAfter > 0 {
		pause = fault.RetryAfter
	}
	return pause, fault.Passing() && attempt <= s.attempts
}

func retry(ctx context.Context, plan schedule, tell func(*Fault, time.Duration), do func() error) error {
	return persist(ctx, plan, tell, func() (bool, error) { return false, do() })
}

// stepPause comes after an attempt that failed, but got on.
const stepPause = 200 * time.Millisecond

// persist is retry for what can get on bit by bit: an attempt that got on counts as none.
func persist(ctx context.Context, plan schedule, tell func(*Fault, time.Duration), do func() (moved bool, err error)) error {
	for attempt := 1; ; attempt++ {
		moved, err := do()
		var fault *Fault
		if err == nil || ctx.Err() != nil || !errors.As(err, &fault) {
			return err
		}
		pause, again := plan.next(fault, attempt)
		if moved && fault.Passing() {
			pause, again, attempt = max(stepPause, fault.RetryAfter), true, 0
		}
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
