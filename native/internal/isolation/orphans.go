package isolation

import (
	"fmt"
	"os"
	"strings"
	"syscall"
)

// endOrphans kills what a command in root left behind when its supervisor was killed, and this process adopted.
func endOrphans(root string) {
	for found := true; found; {
		found = false
		for _, pid := range childrenOf(os.Getpid()) {
			if !livesIn(root, pid) {
				continue
			}
			found = true
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	}
}

// livesIn says whether a process has its root in a directory. This process itself starts none with another user's id, so one
// whose root it may not see is a command's.
func livesIn(root string, pid int) bool {
	if status, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
		owner, is := status.Sys().(*syscall.Stat_t)
		if is && int(owner.Uid) != os.Geteuid() {
			return true
		}
	}
	link := fmt.Sprintf("/proc/%d/root", pid)
	if path, err := os.Readlink(link); err == nil && (path == root || strings.HasPrefix(path, root+"/")) {
		return true
	}
	theirs, err := os.Stat(link + "/")
	if err != nil {
		return false
	}
	ours, err := os.Stat(root)
	return err == nil && os.SameFile(theirs, ours)
}
