package follow

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// maxGroups is NGROUPS_MAX.
const maxGroups = 65536

// identity is who the process that asks believes to be.
func (w *worker) identity() *identity { return w.people.who(int(w.asked.Pid)) }

// tellID answers with one id. Where all are still root, the kernel says the same.
func (w *worker) tellID(choose func(*identity) uint32) answer {
	if w.people.same() {
		return pass
	}
	return answer{value: int64(choose(w.identity()))}
}

func (w *worker) playGetuid() answer {
	return w.tellID(func(i *identity) uint32 { return i.user.real })
}

func (w *worker) playGeteuid() answer {
	return w.tellID(func(i *identity) uint32 { return i.user.effective })
}

func (w *worker) playGetgid() answer {
	return w.tellID(func(i *identity) uint32 { return i.group.real })
}

func (w *worker) playGetegid() answer {
	return w.tellID(func(i *identity) uint32 { return i.group.effective })
}

func (w *worker) playGetresuid() answer {
	return w.tellThree(func(i *identity) ids { return i.user })
}

func (w *worker) playGetresgid() answer {
	return w.tellThree(func(i *identity) ids { return i.group })
}

func (w *worker) tellThree(choose func(*identity) ids) answer {
	if w.people.same() {
		return pass
	}
	have := choose(w.identity())
	if !w.valid() {
		return pass
	}
	for i, id := range []uint32{have.real, have.effective, have.saved} {
		if !w.writeID(w.asked.Args[i], id) {
			return fail(unix.EFAULT)
		}
	}
	return done
}

func (w *worker) playGetgroups() answer {
	groups, room := w.identity().groups, int(int32(w.asked.Args[0]))
	if room < 0 || room > 0 && room < len(groups) {
		return fail(unix.EINVAL)
	}
	if room > 0 {
		text := make([]byte, 0, 4*len(groups))
		for _, group := range groups {
			text = binary.NativeEndian.AppendUint32(text, group)
		}
		if !w.valid() || !w.write(w.asked.Args[1], text) {
			return fail(unix.EFAULT)
		}
	}
	return answer{value: int64(len(groups))}
}

func (w *worker) playSetgroups() answer {
	count := uint32(w.asked.Args[0])
	if count > maxGroups {
		return fail(unix.EINVAL)
	}
	text := make([]byte, 4*count)
	if !w.read(w.asked.Args[1], text) {
		return fail(unix.EFAULT)
	}
	groups := make([]uint32, count)
	for i := range groups {
		groups[i] = binary.NativeEndian.Uint32(text[4*i:])
	}
	slices.Sort(groups) // as the kernel does
	return w.become(func(i identity) (identity, bool) {
		if !i.capabilities.has(unix.CAP_SETGID) {
			return i, false
		}
		i.groups = groups
		return i, true
	})
}

// become changes who the process is, or refuses.
func (w *worker) become(change func(identity) (identity, bool)) answer {
	pid := int(w.asked.Pid)
	before, may := w.people.change(pid, change)
	if !may {
		return fail(unix.EPERM)
	}
	w.undo = func() { w.people.change(pid, func(identity) (identity, bool) { return before, true }) }
	return done
}

// becomeUser changes user ids.
func (w *worker) becomeUser(change func(ids, bool) (ids, bool)) answer {
	return w.become(func(i identity) (identity, bool) {
		user, may := change(i.user, i.capabilities.has(unix.CAP_SETUID))
		return i.withUser(user), may
	})
}

func (w *worker) becomeGroup(change func(ids, bool) (ids, bool)) answer {
	return w.become(func(i identity) (_ identity, may bool) {
		i.group, may = change(i.group, i.capabilities.has(unix.CAP_SETGID))
		return i, may
	})
}

func (w *worker) id(argument int) uint32 { return uint32(w.asked.Args[argument]) }

func (w *worker) playSetuid() answer {
	if w.id(0) == unchanged {
		return fail(unix.EINVAL)
	}
	return w.becomeUser(w.one)
}

func (w *worker) playSetgid() answer {
	if w.id(0) == unchanged {
		return fail(unix.EINVAL)
	}
	return w.becomeGroup(w.one)
}

func (w *worker) one(i ids, privileged bool) (ids, bool) { return i.set(w.id(0), privileged) }

func (w *worker) playSetreuid() answer { return w.becomeUser(w.two) }
func (w *worker) playSetregid() answer { return w.becomeGroup(w.two) }

func (w *worker) two(i ids, privileged bool) (ids, bool) {
	return i.setRealEffective(w.id(0), w.id(1), privileged)
}

func (w *worker) playSetresuid() answer { return w.becomeUser(w.three) }
func (w *worker) playSetresgid() answer { return w.becomeGroup(w.three) }

func (w *worker) three(i ids, privileged bool) (ids, bool) {
	return i.setAll(w.id(0), w.id(1), w.id(2), privileged)
}

func (w *worker) playSetfsuid() answer { return w.becomeFS(w.becomeUser) }
func (w *worker) playSetfsgid() answer { return w.becomeFS(w.becomeGroup) }

// becomeFS answers with the id before the change.
func (w *worker) becomeFS(become func(func(ids, bool) (ids, bool)) answer) answer {
	var before uint32
	become(func(i ids, privileged bool) (ids, bool) {
		before = i.fs
		return i.setFS(w.id(0), privileged), true
	})
	return answer{value: int64(before)}
}

// playSession sees a process that makes a session while its parent is still known: daemons leave theirs behind.
func (w *worker) playSession() answer {
	w.identity()
	return pass
}

// playRoot marks that from here on each process has to be asked for its root.
func (w *worker) playRoot() answer {
	w.rerooted.Store(true)
	return pass
}

// playKeepCapabilities notes PR_SET_KEEPCAPS.
func (w *worker) playKeepCapabilities() answer {
	w.become(func(i identity) (identity, bool) {
		i.capabilities.keep = w.asked.Args[1] != 0
		return i, true
	})
	return pass
}

// playCapset notes what a process gives up or takes up of the capabilities that it believes to have. The kernel does the same to
// those it has.
func (w *worker) playCapset() answer {
	var text [12]byte // effective, permitted, inheritable: the low halves have all that is played
	if !w.read(w.asked.Args[1], text[:]) {
		return pass
	}
	effective, permitted := binary.NativeEndian.Uint32(text[0:]), binary.NativeEndian.Uint32(text[4:])
	w.become(func(i identity) (identity, bool) {
		i.capabilities.permitted &= permitted
		i.capabilities.effective = effective & i.capabilities.permitted
		return i, true
	})
	return pass
}
