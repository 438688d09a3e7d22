package follow

import "golang.org/x/sys/unix"

const nativeArch = unix.AUDIT_ARCH_X86_64

// olderCalls are those without a directory.
func olderCalls() []call {
	return []call{
		{number: unix.SYS_STAT, play: (*worker).playStat},
		{number: unix.SYS_LSTAT, play: (*worker).playLstat},
		{number: unix.SYS_OPEN, mask: creating, argument: 1, play: (*worker).playOpen},
		{number: unix.SYS_CREAT, play: (*worker).playCreat},
		{number: unix.SYS_MKDIR, play: (*worker).playMkdir},
		{number: unix.SYS_SYMLINK, play: (*worker).playSymlink},
		{number: unix.SYS_MKNOD, play: (*worker).playMknod},
		{number: unix.SYS_CHOWN, play: (*worker).playChown},
		{number: unix.SYS_LCHOWN, play: (*worker).playLchown},
		{number: unix.SYS_CHMOD, play: (*worker).playChmod},
	}
}

func (w *worker) playStat() answer {
	return w.tellStat(unix.AT_FDCWD, w.asked.Args[0], w.asked.Args[1], 0)
}

func (w *worker) playLstat() answer {
	return w.tellStat(unix.AT_FDCWD, w.asked.Args[0], w.asked.Args[1], unix.AT_SYMLINK_NOFOLLOW)
}

func (w *worker) playOpen() answer {
	return w.create(unix.AT_FDCWD, w.asked.Args[0], opening{flags: int(w.asked.Args[1]), mode: uint32(w.asked.Args[2])})
}

func (w *worker) playCreat() answer {
	opened := opening{flags: unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC, mode: uint32(w.asked.Args[1])}
	return w.create(unix.AT_FDCWD, w.asked.Args[0], opened)
}

func (w *worker) playMkdir() answer {
	return w.make(unix.AT_FDCWD, w.asked.Args[0], directory{mode: uint32(w.asked.Args[1])})
}

func (w *worker) playSymlink() answer {
	return w.makeLink(w.asked.Args[0], unix.AT_FDCWD, w.asked.Args[1])
}

func (w *worker) playMknod() answer {
	return w.makeNode(unix.AT_FDCWD, w.asked.Args[0], uint32(w.asked.Args[1]), uint32(w.asked.Args[2]))
}

func (w *worker) playChown() answer {
	return w.chown(unix.AT_FDCWD, w.asked.Args[0], uint32(w.asked.Args[1]), uint32(w.asked.Args[2]), 0)
}

func (w *worker) playLchown() answer {
	return w.chown(unix.AT_FDCWD, w.asked.Args[0], uint32(w.asked.Args[1]), uint32(w.asked.Args[2]), unix.AT_SYMLINK_NOFOLLOW)
}

func (w *worker) playChmod() answer {
	return w.chmod(unix.AT_FDCWD, w.asked.Args[0], uint32(w.asked.Args[1]), 0)
}

// plainStatus is struct stat.
func plainStatus(status *unix.Statx_t, plain *unix.Stat_t) {
	*plain = unix.Stat_t{
		Dev: unix.Mkdev(status.Dev_major, status.Dev_minor), Ino: status.Ino, Nlink: uint64(status.Nlink),
		Mode: uint32(status.Mode), Uid: status.Uid, Gid: status.Gid, Rdev: unix.Mkdev(status.Rdev_major, status.Rdev_minor),
		Size: int64(status.Size), Blksize: int64(status.Blksize), Blocks: int64(status.Blocks),
		Atim: moment(status.Atime), Mtim: moment(status.Mtime), Ctim: moment(status.Ctime),
	}
}
