package isolation

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// socketLink shows a listening socket at another path: by a hard link, or, from another file system, by listening there and
// passing on.
type socketLink struct {
	source   string
	listener *net.UnixListener
	passing  sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
	closed   bool
}

func (s *socketLink) put(path string) error {
	if os.Link(s.source, path) == nil {
		return nil
	}
	status, err := os.Stat(s.source)
	if err != nil {
		return err
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("listening for %s: %w", s.source, err)
	}
	listener.SetUnlinkOnClose(false)
	s.listener, s.open = listener, map[net.Conn]bool{}
	s.passing.Go(s.serve)
	if owner, is := status.Sys().(*syscall.Stat_t); is {
		if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(path, status.Mode().Perm())
}

func (s *socketLink) serve() {
	for {
		from, err := s.listener.Accept()
		if err != nil {
			return
		}
		if s.add(from) {
			s.passing.Go(func() { s.pass(from) })
		}
	}
}

// add notes a connection, so that it ends with the command.
func (s *socketLink) add(connection net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = connection.Close()
		return false
	}
	s.open[connection] = true
	return true
}

func (s *socketLink) remove(connection net.Conn) {
	_ = connection.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, connection)
}

func (s *socketLink) pass(from net.Conn) {
	defer s.remove(from)
	to, err := net.Dial("unix", s.source)
	if err != nil || !s.add(to) {
		return
	}
	defer s.remove(to)
	var answered sync.WaitGroup
	answered.Go(func() { send(from, to) })
	send(to, from)
	answered.Wait()
}

// send passes on one direction to its end.
func send(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, is := to.(*net.UnixConn); is {
		_ = half.CloseWrite()
	}
}

func (s *socketLink) back(string) error {
	if s.listener == nil {
		return nil
	}
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for connection := range s.open {
		_ = connection.Close()
	}
	s.mu.Unlock()
	s.passing.Wait()
	return nil
}
