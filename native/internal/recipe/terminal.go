package recipe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"slipway.dev/engine/internal/isolation"
)

// Terminal is the user's, and what runs on it.
type Terminal struct {
	// Socket is a Unix socket to connect to: bytes of the terminal in both directions. Who listens closes it to hang up.
	Socket string
	// Columns and Rows are its size, until Terminals.Resize; 0: unknown.
	Columns, Rows int
	// Term is the value of TERM; empty: none is set.
	Term    string
	Command []string
}

// Terminals are those in use, by their sockets. The zero value is ready for use.
type Terminals struct {
	mu   sync.Mutex
	open map[string]*isolation.PseudoTerminal
}

// Resize tells a terminal its size. One that is closed by now needs none.
func (t *Terminals) Resize(socket string, columns, rows int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if terminal, found := t.open[socket]; found {
		terminal.Resize(columns, rows)
	}
}

func (t *Terminals) add(socket string, terminal *isolation.PseudoTerminal) (remove func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[string]*isolation.PseudoTerminal{}
	}
	t.open[socket] = terminal
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, socket)
	}
}

// shell runs the terminal's command where a step runs: with its user, environment, mounts and secrets. It ends with the
// command, or when the user's side hangs up; nothing that was started stays. How the command ended is no matter.
func (s *stage) shell(ctx context.Context, number int, step Run, terminal Terminal) error {
	err := s.onTerminal(ctx, number, step, terminal)
	var failed *CommandFailed
	if errors.As(err, &failed) {
		return nil
	}
	return err
}

// onTerminal runs the terminal's command in the place of a step's.
func (s *stage) onTerminal(ctx context.Context, number int, step Run, terminal Terminal) (err error) {
	step.Command, step.Env, step.Stdin = terminal.Command, withTerm(step.Env, terminal.Term), ""
	bundle := s.directoryOf(number)
	if err := os.MkdirAll(bundle, 0o700); err != nil {
		return fmt.Errorf("preparing a command: %w", err)
	}
	command, cleanup, err := s.command(ctx, step, bundle)
	defer cleanup()
	if err != nil {
		return err
	}
	leash, err := isolation.NewLeash(bundle, step.Network, "")
	if err != nil {
		return err
	}
	defer leash.Close()
	opened, err := isolation.OpenTerminal(ctx, terminal.Socket, terminal.Columns, terminal.Rows)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	defer s.Terminals.add(terminal.Socket, opened)()
	ctx, hangUp := context.WithCancelCause(ctx)
	defer hangUp(nil)
	opened.Pass(func() { hangUp(errHungUp) })
	output := newOutput(s.progress, s.Store.NearlyFull)
	command.Stdin, command.Stderr, command.Terminal = leash.Input(), output.stderr, opened
	if err := s.room.Tell(); err != nil {
		return err
	}
	_, err = s.Isolation.TerminalRunner().Run(ctx, command)
	output.flush()
	if err := s.room.Learn(); err != nil {
		return err
	}
	switch {
	case errors.Is(context.Cause(ctx), errHungUp):
		return &CommandFailed{Status: statusHungUp, Cause: errHungUp}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if status := exitStatus(err, output); status != 0 {
		return &CommandFailed{Status: status, Cause: err}
	}
	return err
}

// statusHungUp is the exit status of what ended by SIGHUP.
const statusHungUp = 129

var errHungUp = errors.New("the terminal was hung up")

func withTerm(env []string, term string) []string {
	if term == "" {
		return env
	}
	env = slices.DeleteFunc(slices.Clone(env), func(pair string) bool { return strings.HasPrefix(pair, "TERM=") })
	return append(env, "TERM="+term)
}
