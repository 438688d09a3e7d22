package isolation

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"slipway.dev/engine/internal/host"
)

// Denial is something that was refused, perhaps by SELinux or AppArmor: they leave no trace in an error.
type Denial struct {
	// Call is what was tried: mount, exec, open.
	Call string
	// Path is the file that it was about; empty: none is known.
	Path string
	// Err is the error; nil: Output tells.
	Err error
	// Output are lines that a failed command printed.
	Output []string
}

// Hint is a sentence about the policy that may have refused it, or nothing.
func (d Denial) Hint(root host.Root) string {
	permission, operation := d.refusals()
	label := strings.Trim(readText(root, "/proc/self/attr/current"), "\x00\n ")
	if readText(root, "/sys/fs/selinux/enforce") == "1" {
		if permission && d.modeAllows() {
			return fmt.Sprintf("SELinux is enforcing here (this process is %s) and may have refused it: "+
				"`ausearch -m avc -ts recent` tells; relabel the files with `chcon -Rt container_file_t`, or mount them with `:z`", label)
		}
		return ""
	}
	profile, mode, found := strings.Cut(label, " (")
	if !found || mode != "enforce)" || profile == "" {
		return ""
	}
	if operation && d.Call == "mount" || permission && d.modeAllows() {
		return fmt.Sprintf("the AppArmor profile %s may have refused it: `dmesg | grep apparmor` tells; "+
			"run the container with `--security-opt apparmor=unconfined`", profile)
	}
	return ""
}

// refusals says whether the trace is that of a refused access (EACCES) or of a refused operation (EPERM or EACCES).
func (d Denial) refusals() (permission, operation bool) {
	if d.Err != nil {
		permission = errors.Is(d.Err, syscall.EACCES)
		return permission, permission || errors.Is(d.Err, syscall.EPERM)
	}
	for _, line := range d.Output {
		permission = permission || strings.Contains(line, "Permission denied")
		operation = operation || strings.Contains(line, "Operation not permitted")
	}
	return permission, permission || operation
}

// modeAllows says that owner and mode of the file are no reason to refuse: then a policy is.
func (d Denial) modeAllows() bool {
	if d.Path == "" {
		return true
	}
	status, err := os.Stat(d.Path)
	if err != nil {
		return false
	}
	wanted := os.FileMode(0o444)
	if d.Call == "exec" {
		wanted = 0o111
	}
	return status.Mode().Perm()&wanted == wanted || os.Geteuid() == 0 && status.Mode().Perm()&wanted != 0
}

func readText(root host.Root, path string) string {
	text, err := os.ReadFile(filepath.Join(string(root), path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
