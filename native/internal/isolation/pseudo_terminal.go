package isolation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// hangUpGrace is how long a command may take to end after its terminal was hung up, before it is killed.
const hangUpGrace = time.Second

// PseudoTerminal is a terminal whose screen and keys are at the other end of a Unix socket.
type PseudoTerminal struct {
	master, command *os.File
	far             net.Conn
	// cut stops to cut the connection when the context is done.
	cut     func() bool
	shown   sync.WaitGroup
	typed   sync.WaitGroup
	hanging sync.Once
}

// OpenTerminal connects to a socket and makes a terminal for it. Close it in any case; what is passed on ends with ctx.
func OpenTerminal(ctx context.Context, socket string, columns, rows int) (*PseudoTerminal, error) {
	var dialer net.Dialer
	far, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connecting to the terminal of the user: %w", err)
	}
	// A read of it ends when it is closed, as long as nothing asks for its Fd.
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a terminal: %w (is /dev/pts mounted here?)", err), far.Close())
	}
	command, err := commandEnd(master)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a terminal: %w", err), master.Close(), far.Close())
	}
	made := &PseudoTerminal{master: master, command: command, far: far}
	made.cut = context.AfterFunc(ctx, func() { _ = far.SetDeadline(time.Unix(1, 0)) })
	made.Resize(columns, rows)
	return made, nil
}

// commandEnd opens the side that a command has.
func commandEnd(master *os.File) (*os.File, error) {
	var number, descriptor int
	err := control(master, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetInt(fd, unix.TIOCGPTN)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	name := "/dev/pts/" + strconv.Itoa(number)
	// By the terminal itself: its name may mean another one in this mount namespace.
	err = control(master, func(fd int) error {
		flags := uintptr(unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC)
		opened, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TIOCGPTPEER, flags)
		if errno != 0 {
			return errno
		}
		descriptor = int(opened)
		return nil
	})
	if err != nil {
		return os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY, 0)
	}
	return os.NewFile(uintptr(descriptor), name), nil
}

// control works on the descriptor of a file that stays one of Go's poller.
func control(file *os.File, do func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = do(int(fd)) })
	return errors.Join(err, failed)
}

// Resize sets the size of the window, if it is one. A terminal that is closed has none.
func (p *PseudoTerminal) Resize(columns, rows int) {
	if columns <= 0 || rows <= 0 || columns > math.MaxUint16 || rows > math.MaxUint16 {
		return
	}
	size := &unix.Winsize{Col: uint16(columns), Row: uint16(rows)}
	_ = control(p.master, func(fd int) error { return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, size) })
}

// Pass begins to pass bytes on in both directions. When the far side closes its end, what runs on the terminal is hung up,
// and gone is called after the time it has to end.
func (p *PseudoTerminal) Pass(gone func()) {
	p.shown.Go(func() { _, _ = io.Copy(p.far, p.master) })
	p.typed.Go(func() {
		_, _ = io.Copy(p.master, p.far)
		p.hangUp()
		time.AfterFunc(hangUpGrace, gone)
	})
}

// hangUp takes the terminal away from what runs on it: the kernel sends SIGHUP.
func (p *PseudoTerminal) hangUp() { p.hanging.Do(func() { _ = p.master.Close() }) }

// Close ends the terminal after everything that was written to it has been passed on. Nothing runs on it any more.
func (p *PseudoTerminal) Close() error {
	_ = p.command.Close()
	p.shown.Wait()
	p.hangUp()
	p.cut()
	err := p.far.Close()
	p.typed.Wait()
	return err
}
