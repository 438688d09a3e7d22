package ledger

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Mask is what statx must be asked for to make a Key.
const Mask = unix.STATX_INO | unix.STATX_BTIME

// Key identifies a file of one file system. Sec and Nsec are its time of birth, 0 where the file system has none.
type Key struct {
	Inode uint64
	Sec   int64
	Nsec  uint32
}

// Owner is what a file should have.
type Owner struct {
	UID, GID uint32
	// Mode is the whole st_mode of a device that could not be made, for which the disk has an empty plain file.
	// 0: the disk's mode is right.
	Mode uint32
	// Rdev is the device's number as st_rdev has it.
	Rdev uint64
}

// Ledger holds the owners of one working tree. A file that is not in it belongs to 0:0.
type Ledger map[Key]Owner

// KeyOf asks for a file's identity. flags are those of statx: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH.
func KeyOf(dirfd int, path string, flags int) (Key, error) {
	var status unix.Statx_t
	for {
		err := unix.Statx(dirfd, path, flags, Mask, &status)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return Key{}, fmt.Errorf("asking for the identity of %q: %w", path, err)
		}
		return KeyFrom(&status), nil
	}
}

// KeyFrom takes the identity from an answer of statx that was asked with Mask.
func KeyFrom(status *unix.Statx_t) Key {
	key := Key{Inode: status.Ino}
	if status.Mask&unix.STATX_BTIME != 0 {
		key.Sec, key.Nsec = status.Btime.Sec, status.Btime.Nsec
	}
	return key
}

// Set notes an owner; the one that every file has without a note is forgotten.
func (l Ledger) Set(key Key, owner Owner) {
	if owner == (Owner{}) {
		delete(l, key)
		return
	}
	l[key] = owner
}
