package registry

import (
	"context"
	"io"
	"net"
	"net/http/httptrace"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sendStep is how much of a file is handed to the kernel at once; progress is seen in between.
const sendStep = 256 << 10

// pulse is a connection that knows how much it has sent, and when a byte moved last.
type pulse struct {
	net.Conn
	written, moved atomic.Int64
}

func dial(dialer *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		made := &pulse{Conn: conn}
		made.beat(0)
		return made, nil
	}
}

func (p *pulse) beat(written int64) {
	p.written.Add(written)
	p.moved.Store(time.Now().UnixNano())
}

// Read notes that something came.
func (p *pulse) Read(data []byte) (int, error) {
	n, err := p.Conn.Read(data)
	p.beat(0)
	return n, err
}

// Write notes what was sent.
func (p *pulse) Write(data []byte) (int, error) {
	n, err := p.Conn.Write(data)
	p.beat(int64(n))
	return n, err
}

// ReadFrom sends the part of a file that a request has for a body without copying it through this process.
func (p *pulse) ReadFrom(from io.Reader) (int64, error) {
	limited, isLimited := from.(*io.LimitedReader)
	if !isLimited {
		return io.Copy(writerOnly{p}, from)
	}
	body, isSection := limited.R.(*section)
	if !isSection {
		return io.Copy(writerOnly{p}, from)
	}
	file, isFile := body.content.(*os.File)
	onto, sends := p.Conn.(io.ReaderFrom)
	if !isFile || !sends {
		return io.Copy(writerOnly{p}, from)
	}
	total := int64(0)
	for {
		step := min(sendStep, limited.N, body.left)
		if step <= 0 {
			return total, nil
		}
		n, err := onto.ReadFrom(&io.LimitedReader{R: file, N: step})
		limited.N, body.left, total = limited.N-n, body.left-n, total+n
		p.beat(n)
		if err != nil || n < step {
			return total, err
		}
	}
}

// queued is how much lies in the kernel, not yet taken by the other side.
func (p *pulse) queued() int64 {
	open, is := p.Conn.(syscall.Conn)
	if !is {
		return 0
	}
	raw, err := open.SyscallConn()
	if err != nil {
		return 0
	}
	length := 0
	if raw.Control(func(fd uintptr) { length, err = unix.IoctlGetInt(int(fd), unix.TIOCOUTQ) }) != nil || err != nil {
		return 0
	}
	return int64(length)
}

// writerOnly hides ReadFrom.
type writerOnly struct{ io.Writer }

// section is the part of a blob that one request carries.
type section struct {
	content io.ReadSeekCloser
	left    int64
}

// Read reads on, up to the end of the part.
func (s *section) Read(data []byte) (int, error) {
	if s.left <= 0 {
		return 0, io.EOF
	}
	n, err := s.content.Read(data[:min(int64(len(data)), s.left)])
	s.left -= int64(n)
	return n, err
}

// Close closes the blob.
func (s *section) Close() error { return s.content.Close() }

// watch follows one request: what it has sent, and whether anything moves.
type watch struct {
	conn  atomic.Pointer[pulse]
	start atomic.Int64
	// most is the length of the body: what goes beyond are headers.
	most  int64
	heard func(sent int64)
}

// watched gives a request's context that ends when nothing moves for so long, and hears of the bytes sent.
func watched(ctx context.Context, patience time.Duration, w *watch) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := make(chan struct{})
	go w.follow(stop, patience, func() { cancel(errStalled) })
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { w.got(info.Conn) }}
	return httptrace.WithClientTrace(ctx, trace), func() { close(stop); cancel(nil) }
}

func (w *watch) got(conn net.Conn) {
	for conn != nil {
		if found, is := conn.(*pulse); is {
			w.start.Store(found.written.Load())
			found.beat(0)
			w.conn.Store(found)
			return
		}
		wrapped, is := conn.(interface{ NetConn() net.Conn })
		if !is {
			return
		}
		conn = wrapped.NetConn()
	}
}

// sent is about how much of the body has left.
func (w *watch) sent() int64 {
	conn := w.conn.Load()
	if conn == nil {
		return 0
	}
	return min(w.most, max(conn.written.Load()-w.start.Load()-conn.queued(), 0))
}

func (w *watch) follow(stop <-chan struct{}, patience time.Duration, stalled func()) {
	ticks := time.NewTicker(min(reportInterval, patience/4))
	defer ticks.Stop()
	queued := int64(0)
	for {
		select {
		case <-stop:
			return
		case now := <-ticks.C:
			if conn := w.conn.Load(); conn != nil && conn.queued() != queued {
				queued = conn.queued()
				conn.beat(0)
			}
			if w.heard != nil {
				w.heard(w.sent())
			}
			if conn := w.conn.Load(); conn != nil && now.Sub(time.Unix(0, conn.moved.Load())) > patience {
				stalled()
				return
			}
		}
	}
}
