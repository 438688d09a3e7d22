package recipe

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"slipway.dev/engine/internal/isolation"
)

// Run runs a command in a local image, of which nothing is kept; an empty command is the image's own. With a terminal, whose
// own command is not looked at, it runs on that. It returns the command's exit status.
func (w *Workshop) Run(
	ctx context.Context, image string, command []string, terminal *Terminal, progress Progress,
) (status int, err error) {
	found, err := w.Store.Find(image)
	if err != nil {
		return 0, err
	}
	base, err := w.Load(found)
	if err != nil {
		return 0, err
	}
	config := base.Configuration.Config
	if len(command) == 0 {
		command = slices.Concat(config.Entrypoint, config.Cmd)
	}
	if len(command) == 0 {
		return 0, fmt.Errorf("image %s has no command of its own: name one", image)
	}
	directory, err := os.MkdirTemp(w.Store.Scratch(), "run-")
	if err != nil {
		return 0, fmt.Errorf("preparing a container: %w", err)
	}
	defer os.RemoveAll(directory)
	at := &making{Workshop: w, Recipe: Recipe{Base: base, Epoch: time.Now()}, directory: directory, progress: progress}
	work, err := w.Layers.Begin(ctx, base.Layer, w.Store.LayerName(rand.Text()[:8]), at.Epoch)
	if err != nil {
		return 0, fmt.Errorf("making a container of image %s: %w", image, err)
	}
	defer func() { err = errors.Join(err, w.Layers.Discard(work)) }()
	step := Run{Command: command, User: config.User, Dir: config.WorkingDir, Env: config.Env, Network: isolation.HostNetwork}
	err = at.within(work, func(stage *stage) error {
		if terminal == nil {
			return stage.run(ctx, 0, step)
		}
		own := *terminal
		own.Command = command
		return stage.onTerminal(ctx, 0, step, own)
	})
	var failed *CommandFailed
	if errors.As(err, &failed) {
		return failed.Status, nil
	}
	return 0, err
}
