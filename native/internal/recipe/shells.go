package recipe

import (
	"context"
	"errors"
)

// ErrNotKept says that a shell ran in the place of a command, so that there is no layer.
var ErrNotKept = errors.New("a shell ran in the place of the command: nothing is kept")

// runOrShell runs a command, and the shells that were asked for with it.
func (s *stage) runOrShell(ctx context.Context, number int, step Run) error {
	if step.Instead != nil {
		if err := s.shell(ctx, number, step, *step.Instead); err != nil {
			return err
		}
		return ErrNotKept
	}
	err := s.run(ctx, number, step)
	var failed *CommandFailed
	if step.AfterFailure == nil || !errors.As(err, &failed) {
		return err
	}
	if problem := s.shell(ctx, number, step, *step.AfterFailure); problem != nil {
		// Why the command failed is what counts.
		s.progress.Log("slipway: there is no shell after the failure: " + problem.Error())
	}
	return err
}
