package follow

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// statusMask is what is asked about files.
const statusMask = unix.STATX_BASIC_STATS | unix.STATX_BTIME

// device is the number of a file system.
type device struct{ major, minor uint32 }

func deviceOf(status *unix.Statx_t) device { return device{status.Dev_major, status.Dev_minor} }

// stray is a file of another file system than the root's.
type stray struct {
	device device
	key    ledger.Key
}

// notes are the owners known: those of the root's file system in the ledger, those of others until the command's end.
type notes struct {
	// known counts all, so that it can be asked without the lock; devices those that are devices.
	known, devices atomic.Int64

	mutex   sync.RWMutex
	home    device
	ledger  ledger.Ledger
	strays  map[stray]ledger.Owner
	changed int
}

func (n *notes) begin(home device, owners ledger.Ledger) {
	n.home, n.ledger, n.strays = home, owners, map[stray]ledger.Owner{}
	n.known.Store(int64(len(owners)))
	for _, owner := range owners {
		if owner.Mode != 0 {
			n.devices.Add(1)
		}
	}
}

// none: every file belongs to who it belongs to on the disk.
func (n *notes) none() bool { return n.known.Load() == 0 }

// find returns what is noted about a file.
func (n *notes) find(status *unix.Statx_t) (ledger.Owner, bool) {
	if n.none() {
		return ledger.Owner{}, false
	}
	n.mutex.RLock()
	defer n.mutex.RUnlock()
	return n.get(status)
}

func (n *notes) get(status *unix.Statx_t) (ledger.Owner, bool) {
	key := ledger.KeyFrom(status)
	if at := deviceOf(status); at != n.home {
		owner, noted := n.strays[stray{at, key}]
		return owner, noted
	}
	owner, noted := n.ledger[key]
	return owner, noted
}

// owner is who a file belongs to, noted or not.
func (n *notes) owner(status *unix.Statx_t) ledger.Owner {
	if owner, noted := n.find(status); noted {
		return owner
	}
	return ledger.Owner{UID: status.Uid, GID: status.Gid}
}

// set notes an owner. Outside: the file is not the root's, so nothing keeps the note after the command.
func (n *notes) set(status *unix.Statx_t, owner ledger.Owner) (outside bool) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	before, _ := n.get(status)
	if before.Mode != 0 {
		n.devices.Add(-1)
	}
	if owner.Mode != 0 {
		n.devices.Add(1)
	}
	key := ledger.KeyFrom(status)
	if at := deviceOf(status); at != n.home {
		n.strays[stray{at, key}] = owner
		outside = true
	} else {
		n.ledger.Set(key, owner)
		if before != owner {
			n.changed++
		}
	}
	n.known.Store(int64(len(n.ledger) + len(n.strays)))
	return outside
}
