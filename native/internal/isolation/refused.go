package isolation

import (
	"context"
	"fmt"
)

// refused stands where no command can be run.
type refused struct{ hindrance error }

// Places are none.
func (refused) Places() []string { return nil }

// Run tells why not.
func (r refused) Run(context.Context, Command) (Usage, error) {
	return Usage{}, fmt.Errorf("commands cannot be run here: %w", r.hindrance)
}
