package recipe

import (
	"errors"
	"os/exec"
	"syscall"
)

// lastSignal is the highest signal that has a name.
const lastSignal = 31

// exitStatus finds the status of a command behind an error, as a shell would tell it; 0: it is not about a command.
// The isolation answers 1 for a command that a signal ended, and names the signal in its output.
func exitStatus(err error, output *output) int {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0
	}
	for number := 1; number <= lastSignal; number++ {
		if name := syscall.Signal(number).String(); name == output.stderr.signal {
			return 128 + number
		}
	}
	return exit.ExitCode()
}
