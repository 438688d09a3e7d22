package follow

import (
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// tick is more than the step of the clock that dates files (10 ms at 100 Hz).
	tick = 20 * time.Millisecond
	// maxPins limits the descriptors held.
	maxPins = 512
)

// pins hold files that were noted in the same tick of the clock in which they were made. Deleted before the tick is over, such a file
// could leave its inode number and its time of birth to another one (before Linux 6.13, whose clock for files is finer).
type pins struct {
	mutex   sync.Mutex
	held    []pin
	waiting bool
}

type pin struct {
	fd    int
	until time.Time
}

// keep takes a descriptor over, and closes it when it is no longer needed.
func (p *pins) keep(fd int, status *unix.Statx_t) {
	now := time.Now()
	until := time.Unix(status.Btime.Sec, int64(status.Btime.Nsec)).Add(tick)
	if status.Mask&unix.STATX_BTIME == 0 || until.Before(now) || until.Sub(now) > 2*tick {
		unix.Close(fd)
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.release(now)
	if len(p.held) == maxPins {
		unix.Close(p.held[0].fd)
		p.held = p.held[1:]
	}
	p.held = append(p.held, pin{fd, until})
	p.wait()
}

// release closes what is held longer than it must be.
func (p *pins) release(now time.Time) {
	for len(p.held) > 0 && p.held[0].until.Before(now) {
		unix.Close(p.held[0].fd)
		p.held = p.held[1:]
	}
}

// wait has the rest released when nobody comes by.
func (p *pins) wait() {
	if p.waiting || len(p.held) == 0 {
		return
	}
	p.waiting = true
	time.AfterFunc(tick, func() {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		p.waiting = false
		p.release(time.Now())
		p.wait()
	})
}

func (p *pins) close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, held := range p.held {
		unix.Close(held.fd)
	}
	p.held = nil
}
