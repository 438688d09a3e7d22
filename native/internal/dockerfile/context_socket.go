package dockerfile

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"
)

// ContextPart opens the tar of a number, that the far side of a socket gives.
func ContextPart(address string, number int) func(ctx context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) { return contextPart(ctx, address, number) }
}

// contextPart asks a socket for the files of one need: a tar.
func contextPart(ctx context.Context, address string, need int) (io.ReadCloser, error) {
	if address == "" {
		return nil, fmt.Errorf("there is no build context")
	}
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, fmt.Errorf("asking for the build context: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { connection.SetDeadline(time.Unix(1, 0)) })
	if _, err := fmt.Fprintf(connection, "%d\n", need); err != nil {
		stop()
		connection.Close()
		return nil, fmt.Errorf("asking for the build context: %w", err)
	}
	return &part{connection, stop}, nil
}

// part is a connection that a cancelled build does not wait for.
type part struct {
	net.Conn
	stop func() bool
}

// Close ends the connection.
func (p *part) Close() error {
	p.stop()
	return p.Conn.Close()
}
