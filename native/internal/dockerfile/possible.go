package dockerfile

import (
	"fmt"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/recipe"
)

// refuseImpossible finds the first RUN of the needed stages that this machine cannot execute, before anything else happens.
func (p *planner) refuseImpossible(needed []int) error {
	for _, index := range needed {
		for _, command := range p.source.stages[index].commands {
			if err := p.possible(command); err != nil {
				return err
			}
		}
	}
	return nil
}

// possible says why a command cannot be executed here; nil: it can, or is no RUN.
func (p *planner) possible(c command) error {
	run, is := c.parsed.(*instructions.RunCommand)
	if !is {
		return nil
	}
	if p.noRun != nil {
		return p.failure(c, fmt.Errorf("RUN cannot be executed here: %w", p.noRun))
	}
	if p.noNetwork != nil && p.request.networkOf(run) == isolation.NoNetwork {
		return p.failure(c, p.noNetwork)
	}
	return nil
}

// wrongMode says what is wrong with the `--chmod` of a command, expanded; nil: nothing.
func wrongMode(parsed instructions.Command) error {
	mode := ""
	switch typed := parsed.(type) {
	case *instructions.CopyCommand:
		mode = typed.Chmod
	case *instructions.AddCommand:
		mode = typed.Chmod
	}
	if mode == "" {
		return nil
	}
	return recipe.CheckMode(mode)
}

// networkOf is the network that a RUN asks for, or that of the build.
func (r Request) networkOf(run *instructions.RunCommand) isolation.Network {
	switch instructions.GetNetwork(run) {
	case instructions.NetworkNone:
		return isolation.NoNetwork
	case instructions.NetworkHost:
		return isolation.HostNetwork
	}
	return r.Network
}
