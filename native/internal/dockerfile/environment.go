package dockerfile

import "slipway.dev/engine/internal/protocol"

// CommandEnvironment is what a command sees of an image's variables: all of them, and a PATH in any case.
func CommandEnvironment(pairs []string) []string { return commandEnvironment(pairs, nil) }

// WithVariables sets variables in a copy of an environment, each where it stands or at the end.
func WithVariables(pairs []string, added []protocol.Pair) []string {
	changed := append([]string{}, pairs...)
	for _, pair := range added {
		changed = withVariable(changed, pair.Name, pair.Value)
	}
	return changed
}
