package host

import (
	"fmt"
	"os"
)

// programVariable keeps the path of this program for when it runs from a copy in memory, as in a user namespace.
const programVariable = "SLIPWAY_ENGINE_PROGRAM"

// KeepProgram notes the path of this program for Program. It precedes starting the program again.
func KeepProgram() error {
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	return os.Setenv(programVariable, path)
}

// Program is the file this program was started from.
func Program() (string, error) {
	if path := os.Getenv(programVariable); path != "" {
		return path, nil
	}
	return os.Executable()
}
