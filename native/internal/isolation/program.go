package isolation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// defaultPath is where programs are looked for when the environment has no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Exit statuses of commands that could not be started, as shells and Docker have them.
const (
	statusNotExecutable = 126
	statusNotFound      = 127
)

// startFailure says why a command could not be started.
type startFailure struct {
	status int
	text   string
}

// Error gives the reason in Docker's words.
func (f *startFailure) Error() string { return f.text }

// lookUp finds a program by the PATH of an environment, as this process may execute it.
func lookUp(name string, environment []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path := defaultPath
	for _, pair := range environment {
		if value, found := strings.CutPrefix(pair, "PATH="); found {
			path = value
		}
	}
	refused := false
	for _, directory := range filepath.SplitList(path) {
		candidate := filepath.Join(directory, name)
		if directory == "" {
			candidate = "./" + name
		}
		status, err := os.Stat(candidate)
		if err != nil || status.IsDir() {
			continue
		}
		if unix.Faccessat(unix.AT_FDCWD, candidate, unix.X_OK, 0) == nil {
			return candidate, nil
		}
		refused = true
	}
	if refused {
		return "", startError(name, name, syscall.EACCES)
	}
	return "", &startFailure{status: statusNotFound, text: fmt.Sprintf("exec: %q: executable file not found in $PATH", name)}
}

// startError tells why a program could not be executed, and with which status that ends. name is how it was called.
func startError(name, program string, err error) error {
	failed := &startFailure{status: statusNotExecutable, text: fmt.Sprintf("exec: %q: %v", name, err)}
	switch {
	case errors.Is(err, syscall.ENOENT):
		failed.status = statusNotFound
		if _, missing := os.Stat(program); missing == nil {
			failed.text += " (the file is there: its interpreter or loader is not)"
		}
	case errors.Is(err, syscall.EACCES):
		if status, missing := os.Stat(program); missing == nil && status.IsDir() {
			failed.text = fmt.Sprintf("exec: %q: is a directory", name)
		} else if hint := (Denial{Call: "exec", Path: program, Err: err}).Hint(host.Root("/")); hint != "" {
			failed.text += "; " + hint
		}
	}
	return failed
}
