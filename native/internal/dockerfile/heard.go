package dockerfile

import (
	"strconv"

	"slipway.dev/engine/internal/recipe"
)

// heard is what a stage reports to: where there are several, each line of output begins with the stage's name.
func (e *execution) heard(stage *plannedStage) recipe.Progress {
	if len(e.stages) == 1 {
		return e.progress
	}
	name := stage.from.Name
	if name == "" {
		name = strconv.Itoa(stage.index)
	}
	return named{e.progress, "[" + name + "] "}
}

type named struct {
	recipe.Progress
	prefix string
}

// Log passes a line on.
func (n named) Log(line string) { n.Progress.Log(n.prefix + line) }
