package isolation

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// user is who sits at a terminal.
type user struct {
	t        *testing.T
	socket   string
	listener *net.UnixListener
	keys     net.Conn
	arrived  chan struct{}

	mu    sync.Mutex
	shown string
}

func newUser(t *testing.T, b *bed) *user {
	t.Helper()
	u := &user{t: t, socket: filepath.Join(b.base, "terminal.sock"), arrived: make(chan struct{})}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: u.socket, Net: "unix"})
	b.must(err)
	u.listener = listener
	t.Cleanup(func() { _ = listener.Close() })
	go u.watch()
	return u
}

func (u *user) watch() {
	keys, err := u.listener.Accept()
	if err != nil {
		return
	}
	u.keys = keys
	close(u.arrived)
	data := make([]byte, 4096)
	for {
		n, err := keys.Read(data)
		u.mu.Lock()
		u.shown += string(data[:n])
		u.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// types waits for a text on the screen, and types an answer.
func (u *user) types(wanted, answer string) {
	u.t.Helper()
	<-u.arrived
	if u.t.Failed() {
		return
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		u.mu.Lock()
		shown := u.shown
		at := strings.Index(shown, wanted)
		if at >= 0 {
			u.shown = shown[at+len(wanted):]
		}
		u.mu.Unlock()
		if at >= 0 {
			break
		}
		if time.Now().After(deadline) {
			u.t.Errorf("%q is not on the screen: %q", wanted, shown)
			_ = u.keys.Close()
			return
		}
	}
	_, _ = u.keys.Write([]byte(answer))
}

// sits runs a command on the user's terminal.
func (b *bed) sits(ctx context.Context, u *user, runner Runner, command Command, meanwhile func(*PseudoTerminal)) error {
	b.t.Helper()
	leash, err := NewLeash(command.Bundle, command.Network, "")
	b.must(err)
	defer leash.Close()
	terminal, err := OpenTerminal(ctx, u.socket, 91, 17)
	b.must(err)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	terminal.Pass(cancel)
	var doing sync.WaitGroup
	doing.Go(func() { meanwhile(terminal) })
	command.Stdin, command.Stdout, command.Terminal = leash.Input(), nil, terminal
	_, err = runner.Run(ctx, command)
	b.must(terminal.Close())
	doing.Wait()
	return err
}

var terminalRunners = map[string]Runner{"plain": rooted{}, "mounted": rooted{mounted: true}}

func TestACommandHasATerminal(t *testing.T) {
	for name, runner := range terminalRunners {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			u := newUser(t, b)
			before := listing(t, b.root)
			command := b.command("")
			command.Args, command.Env = []string{"sh"}, append(command.Env, "PS1=@ ")
			err := b.sits(t.Context(), u, runner, command, func(terminal *PseudoTerminal) {
				u.types("@ ", "test -t 0 && test -t 1 && test -t 2 && echo th''ree\n")
				u.types("three\r\n@ ", "busybox stty size; echo x > /dev/tty; echo y > /dev/stderr\n")
				u.types("17 91\r\nx\r\ny\r\n@ ", "")
				terminal.Resize(120, 40)
				u.types("", "busybox stty size\n")
				u.types("40 120\r\n@ ", "sleep 4733\n")
				for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
					if naps, _ := b.napping(4733); len(naps) > 0 {
						break
					}
				}
				u.types("4733\r\n", "\x03")
				u.types("@ ", "echo $?\n")
				u.types("130\r\n@ ", "sleep 4734 & exit 7\n")
			})
			if exitOf(err) != 7 {
				t.Errorf("%v: %s", err, b.stderr.String())
			}
			if naps, runners := b.napping(4734); len(naps)+len(runners) > 0 {
				t.Errorf("left: %v %v", naps, runners)
			}
			if after := listing(t, b.root); after != before {
				t.Errorf("the tree is another afterwards:\n%s\nbefore:\n%s", after, before)
			}
		})
	}
}

func TestAllThatWasPrintedIsShown(t *testing.T) {
	for name, runner := range terminalRunners {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			u := newUser(t, b)
			command := b.command("i=0; while test $i -lt 3000; do echo line $i; i=$((i+1)); done")
			b.must(b.sits(t.Context(), u, runner, command, func(*PseudoTerminal) {}))
			u.types("line 2999\r\n", "")
		})
	}
}

func TestHangingUpEndsAll(t *testing.T) {
	for name, runner := range terminalRunners {
		for _, script := range []string{"echo go; sleep 4735", "trap '' HUP; (setsid sleep 4735 &); echo go; sleep 4735; sleep 4735"} {
			t.Run(name, func(t *testing.T) {
				b := newBed(t)
				u := newUser(t, b)
				err := b.sits(t.Context(), u, runner, b.command(script), func(*PseudoTerminal) {
					u.types("go", "")
					_ = u.keys.Close()
				})
				if err == nil {
					t.Error("it ended well")
				}
				if left := remaining(b, 4735); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
			})
		}
	}
}

func TestACancelledTerminalEnds(t *testing.T) {
	for name, runner := range terminalRunners {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			u := newUser(t, b)
			ctx, cancel := context.WithCancel(t.Context())
			err := b.sits(ctx, u, runner, b.command("echo go; sleep 4736"), func(*PseudoTerminal) {
				u.types("go", "")
				cancel()
			})
			if err == nil {
				t.Error("it ended well")
			}
			if left := remaining(b, 4736); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestACommandThatIsMissingIsToldOnTheTerminal(t *testing.T) {
	b := newBed(t)
	u := newUser(t, b)
	command := b.command("")
	command.Args = []string{"missing"}
	err := b.sits(t.Context(), u, rooted{mounted: true}, command, func(*PseudoTerminal) {})
	if exitOf(err) != statusNotFound {
		t.Errorf("%v", err)
	}
	u.types(`exec: "missing": executable file not found in $PATH`, "")
}

func TestATerminalWantsAListener(t *testing.T) {
	_, err := OpenTerminal(t.Context(), filepath.Join(t.TempDir(), "none"), 80, 25)
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
