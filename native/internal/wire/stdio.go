package wire

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// TakeStdio takes standard input and output for the protocol alone: whatever libraries or children read from it is
// empty, whatever they print goes to standard error.
func TakeStdio() (in, out *os.File, err error) {
	if in, err = take(os.Stdin, "input"); err != nil {
		return nil, nil, err
	}
	if out, err = take(os.Stdout, "output"); err != nil {
		return nil, nil, err
	}
	nothing, err := openNothing()
	if err != nil {
		return nil, nil, err
	}
	defer nothing.Close()
	if err := unix.Dup3(int(nothing.Fd()), unix.Stdin, 0); err != nil {
		return nil, nil, fmt.Errorf("emptying standard input: %w", err)
	}
	if err := unix.Dup3(unix.Stderr, unix.Stdout, 0); err != nil {
		return nil, nil, fmt.Errorf("redirecting standard output: %w", err)
	}
	return in, out, nil
}

// openNothing gives a file that is at its end, also where there is no /dev/null.
func openNothing() (*os.File, error) {
	if nothing, err := os.Open(os.DevNull); err == nil {
		return nothing, nil
	}
	nothing, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("emptying standard input: %w", err)
	}
	return nothing, writer.Close()
}

// take makes a copy of the descriptor that no child inherits.
func take(file *os.File, name string) (*os.File, error) {
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("taking standard %s: %w", name, err)
	}
	// Waiting for input must not hold a thread, nor keep the process from ending.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, fmt.Errorf("taking standard %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), "protocol "+name), nil
}
