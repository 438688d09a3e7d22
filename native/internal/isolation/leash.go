package isolation

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// noNetworkSuffix marks the input of steps that get an empty network namespace.
const noNetworkSuffix = ".no-network"

// Leash is the standard input of a build's steps: a file that no other build uses, so that the processes that run
// its steps can be found and stopped.
type Leash struct {
	file *os.File
	name string
}

// NewLeash makes a leash in a directory of this run. Close it when the build has ended.
// What steps read from it is text, mostly nothing.
func NewLeash(directory string, network Network, text string) (*Leash, error) {
	pattern := "steps-*"
	if network == NoNetwork {
		pattern += noNetworkSuffix
	}
	made, err := os.CreateTemp(directory, pattern)
	if err != nil {
		return nil, fmt.Errorf("preparing the input of run steps: %w", err)
	}
	defer made.Close()
	if _, err := made.WriteString(text); err != nil {
		return nil, fmt.Errorf("preparing the input of run steps: %w", err)
	}
	file, err := os.Open(made.Name())
	if err != nil {
		return nil, fmt.Errorf("preparing the input of run steps: %w", err)
	}
	name, err := os.Readlink(filepath.Join("/proc/self/fd", strconv.Itoa(int(file.Fd()))))
	if err != nil {
		return nil, fmt.Errorf("finding the name of the input of run steps: %w", err)
	}
	return &Leash{file: file, name: name}, nil
}

// Input is what the build's steps read: nothing.
func (l *Leash) Input() *os.File { return l.file }

// Close removes the file.
func (l *Leash) Close() error {
	return errorsOf(l.file.Close(), os.Remove(l.name))
}

// StopWith ends running steps, and those that start later, once ctx is done. Call the result when the build has ended.
func (l *Leash) StopWith(ctx context.Context) (release func()) {
	ended := make(chan struct{})
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		select {
		case <-ended:
			return
		case <-ctx.Done():
		}
		for {
			l.stop()
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() { close(ended); <-finished }
}

// stop tells every supervisor of this build's steps to end its step.
func (l *Leash) stop() {
	for _, pid := range childrenOf(os.Getpid()) {
		if name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/0", pid)); err == nil && name == l.name {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
	}
}

func wantsNoNetwork() bool {
	name, err := os.Readlink("/proc/self/fd/0")
	return err == nil && strings.HasSuffix(name, noNetworkSuffix)
}

func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
