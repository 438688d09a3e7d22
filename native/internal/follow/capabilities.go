package follow

import "golang.org/x/sys/unix"

// capabilities are what a process believes to have, as far as it matters here: the first 32.
type capabilities struct {
	permitted, effective uint32
	// keep: PR_SET_KEEPCAPS.
	keep bool
}

// played are the capabilities that are asked for here.
const played = fileCapabilities | 1<<unix.CAP_SETGID | 1<<unix.CAP_SETUID

// fileCapabilities go with the file system's user id.
const fileCapabilities = 1<<unix.CAP_CHOWN | 1<<unix.CAP_FOWNER | 1<<unix.CAP_FSETID | 1<<unix.CAP_MKNOD

var allCapabilities = capabilities{permitted: played, effective: played}

func (c capabilities) has(capability uint) bool { return c.effective&(1<<capability) != 0 }

// after is what the kernel leaves when the user ids change: capabilities(7), "Effect of user ID changes".
func (c capabilities) after(from, to ids) capabilities {
	if from.has(0) && !to.has(0) {
		if !c.keep {
			c.permitted = 0
		}
		c.effective = 0
	}
	switch {
	case from.effective == 0 && to.effective != 0:
		c.effective = 0
	case from.effective != 0 && to.effective == 0:
		c.effective = c.permitted
	case from.fs == 0 && to.fs != 0:
		c.effective &^= fileCapabilities
	case from.fs != 0 && to.fs == 0:
		c.effective |= c.permitted & fileCapabilities
	}
	return c
}
