package recipe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// Agent is an SSH agent of this machine that commands may ask.
type Agent struct {
	// Socket is where it listens.
	Socket string
	Access
}

// CheckAgent says why nothing can listen at a socket; nil: it may.
func CheckAgent(socket string) error {
	status, err := os.Stat(socket)
	if err != nil {
		return fmt.Errorf("it cannot be reached: %w", err)
	}
	if status.Mode().Type() != os.ModeSocket {
		return fmt.Errorf("%s is not a socket", socket)
	}
	return nil
}

// agentSocket makes a socket that passes everything on to an agent. The agent's own would not do: agents answer nobody
// but their user, and others may not even open its socket.
func (s *stage) agentSocket(agent Agent) (path string, release func() error, err error) {
	directory, err := os.MkdirTemp(s.making.directory, "agent-")
	if err != nil {
		return "", nil, fmt.Errorf("preparing the SSH agent: %w", err)
	}
	remove := func() error { return os.RemoveAll(directory) }
	path = filepath.Join(directory, "agent")
	listener, err := listenIn(directory, "agent")
	if err != nil {
		return "", remove, fmt.Errorf("preparing the SSH agent: %w", err)
	}
	relay := &relay{to: agent.Socket, listener: listener, open: map[net.Conn]bool{}, tell: s.progress.Log}
	relay.begin()
	end := func() error { return errors.Join(relay.end(), remove()) }
	return path, s.forgetting(path, end), s.give(path, agent.Access)
}

// listenIn listens at a socket of a directory whose own name may be too long for one.
func listenIn(directory, name string) (*net.UnixListener, error) {
	opened, err := os.Open(directory)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	short := fmt.Sprintf("/proc/self/fd/%d/%s", opened.Fd(), name)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
	if err != nil {
		// Where there is no /proc, the long name has to do.
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(directory, name), Net: "unix"})
	}
	if err == nil {
		listener.SetUnlinkOnClose(false)
	}
	return listener, err
}

// relay passes connections on to a socket.
type relay struct {
	to       string
	listener *net.UnixListener
	// tell hears, once, that nobody answers there.
	tell   func(line string)
	silent sync.Once
	ended  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
}

func (r *relay) begin() {
	r.ended.Go(func() {
		for {
			connection, err := r.listener.AcceptUnix()
			if err != nil {
				return
			}
			r.ended.Go(func() { r.pass(connection) })
		}
	})
}

// pass connects one who asks with the one who answers, until either has nothing more to say.
func (r *relay) pass(asking *net.UnixConn) {
	defer asking.Close()
	answering, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: r.to, Net: "unix"})
	if err != nil {
		r.silent.Do(func() { r.tell(fmt.Sprintf("the SSH agent at %s does not answer: %v", r.to, err)) })
		return
	}
	defer answering.Close()
	if !r.keep(asking, answering) {
		return
	}
	defer r.forget(asking, answering)
	var both sync.WaitGroup
	for _, way := range [][2]*net.UnixConn{{asking, answering}, {answering, asking}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0])
			_ = way[1].CloseWrite()
		})
	}
	both.Wait()
}

// keep notes connections, so that end can close them; false: it has already.
func (r *relay) keep(connections ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, connection := range connections {
		r.open[connection] = true
	}
	return !r.closed
}

func (r *relay) forget(connections ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, connection := range connections {
		delete(r.open, connection)
	}
}

// end closes everything, and waits for it.
func (r *relay) end() error {
	err := r.listener.Close()
	r.mu.Lock()
	r.closed = true
	for connection := range r.open {
		_ = connection.Close()
	}
	r.mu.Unlock()
	r.ended.Wait()
	return err
}
