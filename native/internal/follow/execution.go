package follow

import "golang.org/x/sys/unix"

func (w *worker) playExecve() answer {
	return w.execute(unix.AT_FDCWD, w.asked.Args[0], 0)
}

func (w *worker) playExecveat() answer {
	return w.execute(int32(w.asked.Args[0]), w.asked.Args[1], int(int32(w.asked.Args[4])))
}

// execute plays the set-id bits of a program for a process, whatever its owner is on the disk. The kernel executes it.
func (w *worker) execute(dirfd int32, name uint64, flags int) answer {
	if w.people.same() && w.notes.none() || !w.locate(dirfd, name, flags) {
		return pass
	}
	if !w.look(flags&unix.AT_SYMLINK_NOFOLLOW, statusMask) || w.status.Mode&unix.S_IFMT != unix.S_IFREG || w.status.Mode&0o111 == 0 {
		return pass
	}
	who := w.identity()
	user, group := who.user.effective, who.group.effective
	if setsID := w.status.Mode&(unix.S_ISUID|unix.S_ISGID) != 0; setsID && w.belongs() && !w.isScript() {
		owner := w.notes.owner(&w.status)
		if w.status.Mode&unix.S_ISUID != 0 {
			user = owner.UID
		}
		if w.status.Mode&unix.S_ISGID != 0 && w.status.Mode&unix.S_IXGRP != 0 {
			group = owner.GID
		}
	}
	if after := who.executing(user, group); !after.same(who) {
		w.become(func(identity) (identity, bool) { return after, true })
	}
	return pass
}

// belongs: to someone of the tree. What the host lends belongs to nobody, and its set-id bits mean nothing.
func (w *worker) belongs() bool {
	_, noted := w.notes.find(&w.status)
	return noted || w.status.Uid == 0 && deviceOf(&w.status) == w.device
}

// isScript says whether an interpreter would be executed instead, to which set-id bits do not apply.
func (w *worker) isScript() bool {
	fd, errno := openat(w.place.at, w.place.name(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return false
	}
	defer unix.Close(fd)
	var text [2]byte
	read, err := unix.Pread(fd, text[:], 0)
	return err == nil && read == len(text) && text == [2]byte{'#', '!'}
}
