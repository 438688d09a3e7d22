package follow

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sweepEvery is how many new processes are seen between two searches for those that ended.
const sweepEvery = 256

// people are the processes and who they believe to be.
//
// While all are the root that they look like, none is looked up. Later a process that is not known is who its parent is, and is kept.
type people struct {
	proc  int
	first *identity
	// differ: not all are root.
	differ atomic.Bool

	mutex sync.Mutex
	// known by process id; those that ended stay until their number is used again, as they lead to who their children are.
	known map[int]*person
	// threads by thread id.
	threads map[int]*person
	seen    int
}

// person is a process.
type person struct {
	pid int
	// handle is a pidfd; -1: the process has ended.
	handle int
	who    *identity
}

func (p *people) begin(proc int, options Options) {
	p.proc = proc
	p.first = &identity{user: allOf(options.UID), group: allOf(options.GID), groups: options.Groups}
	if options.UID == 0 {
		p.first.capabilities = allCapabilities
	}
	p.differ.Store(options.UID != 0 || options.GID != 0)
	p.known, p.threads = map[int]*person{}, map[int]*person{}
	p.keep(options.Pid, p.first)
}

// same: all processes are the root that they look like.
func (p *people) same() bool { return !p.differ.Load() }

// who says who a thread's process is.
func (p *people) who(thread int) *identity {
	if p.same() {
		return p.first
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.find(thread).who
}

// change gives a process another identity, and returns the one before. Children have what they had.
func (p *people) change(thread int, to func(identity) (identity, bool)) (before identity, may bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	person := p.find(thread)
	before = *person.who
	after, may := to(before)
	if !may || after.same(&before) {
		return before, may
	}
	p.settleChildren(person, 0)
	person.who = &after
	p.differ.Store(true)
	return before, true
}

// find returns a thread's process, known or seen for the first time.
func (p *people) find(thread int) *person {
	if known := p.threads[thread]; known != nil && known.alive() && (known.pid == thread || unix.Tgkill(known.pid, thread, 0) == nil) {
		return known
	}
	facts := p.facts(thread)
	found := p.see(facts, 0)
	p.threads[thread] = found
	return found
}

func (p *person) alive() bool {
	return p.handle >= 0 && unix.PidfdSendSignal(p.handle, 0, nil, 0) == nil
}

// maxAncestors ends the way up.
const maxAncestors = 64

// see finds out who a process is by the way up.
func (p *people) see(facts facts, depth int) *person {
	if known := p.known[facts.pid]; known != nil && known.alive() {
		return known
	}
	return p.keep(facts.pid, p.inherited(facts, depth))
}

// inherited is who a process is that nothing is known of.
func (p *people) inherited(facts facts, depth int) *identity {
	if known := p.known[facts.parent]; known != nil && known.alive() {
		return known.who
	}
	if facts.parent > 1 && depth < maxAncestors {
		// Those without a filter, like the one that takes orphans over, have no heirs.
		if above := p.facts(facts.parent); above.filtered {
			return p.see(above, depth+1).who
		}
	}
	// Its parent has ended: who made its session, or its group, knows better than the first process.
	for _, pid := range []int{facts.session, facts.group} {
		if known := p.known[pid]; known != nil && pid != facts.pid {
			return known.who
		}
	}
	return p.first
}

// keep remembers a process.
func (p *people) keep(pid int, who *identity) *person {
	if old := p.known[pid]; old != nil {
		old.forget()
	}
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		handle = -1
	}
	made := &person{pid: pid, handle: handle, who: who}
	p.known[pid] = made
	if p.seen++; p.seen%sweepEvery == 0 {
		p.sweep()
	}
	return made
}

func (p *person) forget() {
	if p.handle >= 0 {
		unix.Close(p.handle)
		p.handle = -1
	}
}

// sweep closes the descriptors of processes that ended.
func (p *people) sweep() {
	for _, known := range p.known {
		if !known.alive() {
			known.forget()
		}
	}
	for thread, known := range p.threads {
		if known.handle < 0 {
			delete(p.threads, thread)
		}
	}
}

// settleChildren keeps who the descendants of a process are that nothing was known of.
func (p *people) settleChildren(of *person, depth int) {
	if depth > maxAncestors {
		return
	}
	for _, pid := range p.children(of.pid) {
		if known := p.known[pid]; known == nil || !known.alive() {
			p.settleChildren(p.keep(pid, of.who), depth+1)
		}
	}
}

func (p *people) close() {
	for _, known := range p.known {
		known.forget()
	}
}
