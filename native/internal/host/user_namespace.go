package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
)

// NothingCommand is the argv[0] under which this program exits at once: something harmless to start in a trial.
const NothingCommand = "slipway-nothing"

// Root is a file system root to read settings from: "/" except in tests.
type Root string

func (r Root) read(path string) string {
	text, err := os.ReadFile(filepath.Join(string(r), path))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// UserNamespace checks whether an unprivileged user may enter a user namespace with its own id ranges. Nil: it may.
func UserNamespace(root Root) *Obstacle {
	if obstacle := settings(root); obstacle != nil {
		return obstacle
	}
	me, err := user.Current()
	if err != nil {
		return &Obstacle{
			Code:    NoSubordinateIDs,
			Message: fmt.Sprintf("the user with uid %d has no name, so no subordinate ids can belong to it", os.Getuid()),
			Remedy:  "add the user to /etc/passwd, /etc/subuid and /etc/subgid",
		}
	}
	if obstacle := trial(root); obstacle != nil {
		return obstacle
	}
	return SubordinateIDs(me)
}

// settings finds a kernel setting that alone makes user namespaces impossible.
func settings(root Root) *Obstacle {
	if root.read("/proc/sys/user/max_user_namespaces") == "0" {
		return &Obstacle{
			Code:    UserNamespaceDenied,
			Message: "user namespaces are switched off: user.max_user_namespaces is 0",
			Remedy:  persist("user.max_user_namespaces = 15000"),
		}
	}
	if root.read("/proc/sys/kernel/unprivileged_userns_clone") == "0" {
		return &Obstacle{
			Code:    UserNamespaceDenied,
			Message: "user namespaces are refused to users without root: kernel.unprivileged_userns_clone is 0",
			Remedy:  persist("kernel.unprivileged_userns_clone = 1"),
		}
	}
	return nil
}

// trial creates a user namespace for a moment, since policies (seccomp, AppArmor) show nowhere else.
func trial(root Root) *Obstacle {
	command := exec.Command("/proc/self/exe")
	command.Args = []string{NothingCommand}
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS}
	err := command.Run()
	if err == nil {
		return nil
	}
	obstacle := &Obstacle{
		Code:    UserNamespaceDenied,
		Message: fmt.Sprintf("this environment refuses user namespaces: %v", errors.Unwrap(err)),
		Remedy: "in a container: allow them by its seccomp and AppArmor profiles (`unconfined`), or run as root with CAP_SYS_ADMIN; " +
			"on a host: " + persist("user.max_user_namespaces = 15000"),
	}
	if root.read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1" {
		obstacle.Message += " (kernel.apparmor_restrict_unprivileged_userns is 1)"
		obstacle.Remedy = persist("kernel.apparmor_restrict_unprivileged_userns = 0") + ", or give slipway-engine an AppArmor profile that allows `userns`"
	}
	return obstacle
}

func persist(setting string) string {
	return fmt.Sprintf("`echo '%s' | sudo tee -a /etc/sysctl.conf` then `sudo sysctl -p`", setting)
}
