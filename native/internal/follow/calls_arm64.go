package follow

import "golang.org/x/sys/unix"

const nativeArch = unix.AUDIT_ARCH_AARCH64

// olderCalls are none: this architecture has only calls with a directory.
func olderCalls() []call { return nil }

// plainStatus is struct stat.
func plainStatus(status *unix.Statx_t, plain *unix.Stat_t) {
	*plain = unix.Stat_t{
		Dev: unix.Mkdev(status.Dev_major, status.Dev_minor), Ino: status.Ino, Nlink: status.Nlink,
		Mode: uint32(status.Mode), Uid: status.Uid, Gid: status.Gid, Rdev: unix.Mkdev(status.Rdev_major, status.Rdev_minor),
		Size: int64(status.Size), Blksize: int32(status.Blksize), Blocks: int64(status.Blocks),
		Atim: moment(status.Atime), Mtim: moment(status.Mtime), Ctim: moment(status.Ctime),
	}
}
