package isolation

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// outputs are pipes of our own between a command and writers, so that the end of the process is seen also where something
// that it left behind still holds them.
type outputs struct {
	writers []*os.File
	copied  []chan struct{}
	// errors is the name of the pipe for standard error, where it has one.
	errors string
}

// nameErrors gives standard error a name, which can be linked as /dev/stderr where there is no /proc/self/fd. Standard
// output has none: who writes to its name in a pipeline would not mean the build's log.
func (o *outputs) nameErrors(command Command) error {
	if _, is := command.Stderr.(*os.File); is || command.Stderr == nil || command.Tree == "" || command.Terminal != nil {
		return nil
	}
	path := filepath.Join(command.Tree, "stderr")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("making a pipe for errors: %w", err)
	}
	o.errors = path
	if err := os.Chmod(path, 0o622); err != nil {
		return fmt.Errorf("making a pipe for errors: %w", err)
	}
	return nil
}

// add gives what the process writes to, by a pipe that may have a name.
func (o *outputs) add(to io.Writer, name string) (io.Writer, error) {
	if to == nil {
		return nil, nil
	}
	if file, is := to.(*os.File); is {
		return file, nil
	}
	read, write, err := pipe(name)
	if err != nil {
		return nil, fmt.Errorf("starting a command: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer read.Close()
		_, _ = io.Copy(to, read)
	}()
	o.writers, o.copied = append(o.writers, write), append(o.copied, done)
	return write, nil
}

func pipe(name string) (read, write *os.File, err error) {
	if name == "" {
		return os.Pipe()
	}
	if read, err = os.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		return nil, nil, err
	}
	if write, err = os.OpenFile(name, os.O_WRONLY, 0); err != nil {
		_ = read.Close()
	}
	return read, write, err
}

// started gives up our own ends.
func (o *outputs) started() {
	for _, writer := range o.writers {
		_ = writer.Close()
	}
	o.writers = nil
}

// drain waits until all is passed on.
func (o *outputs) drain() {
	o.started()
	for _, done := range o.copied {
		<-done
	}
	if o.errors != "" {
		_ = os.Remove(o.errors)
	}
}
