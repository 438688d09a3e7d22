package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	digest "github.com/opencontainers/go-digest"
	"go.podman.io/image/v5/docker/reference"
)

var errClosed = errors.New("the session's uploads have ended")

// errand names what is brought where.
type errand struct {
	repository reference.Named
	blob       digest.Digest
	// present says that the blob is not to be sent: it is there, or can be mounted, or not.
	present bool
}

// delivery is a blob on its way.
type delivery struct {
	cancel context.CancelFunc
	done   chan struct{}
	// err is to be read when done is closed.
	err error
	// sent is how far it is, of size bytes; uploads says that it was not there already.
	sent    atomic.Int64
	size    int64
	uploads atomic.Bool

	mu sync.Mutex
	// waiting counts pushes that need it; begun by Start alone it belongs to the session.
	waiting   int
	sessions  bool
	listeners []Report
	remark    string
}

// deliver joins the delivery of a blob, or starts it: anew, if it has failed before. waiter is a push; nil: Start.
func (u *Uploads) deliver(repository reference.Named, load cargo, waiter Report) (*delivery, error) {
	to := errand{repository: repository, blob: load.digest, present: load.open == nil}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, errClosed
	}
	if known, found := u.deliveries[to]; found && known.join(waiter) {
		return known, nil
	}
	ctx, cancel := context.WithCancel(u.ctx)
	made := &delivery{cancel: cancel, done: make(chan struct{}), size: load.size}
	made.join(waiter)
	u.deliveries[to] = made
	u.work.Add(1)
	go func() {
		defer u.work.Done()
		defer cancel()
		made.err = u.run(ctx, to, load, made)
		close(made.done)
	}()
	return made, nil
}

// join adds a waiter, unless it is in vain.
func (d *delivery) join(waiter Report) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended() && d.err != nil || !d.ended() && d.waiting < 0 {
		return false
	}
	if waiter == nil {
		d.sessions = true
		return true
	}
	d.waiting++
	d.listeners = append(d.listeners, waiter)
	if d.remark != "" && !d.ended() {
		waiter.Log(d.remark)
	}
	return true
}

// leave takes a waiter away. When nobody needs the delivery any more it is cancelled.
func (d *delivery) leave(waiter Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if at := slices.IndexFunc(d.listeners, func(one Report) bool { return one == waiter }); at >= 0 {
		d.listeners = slices.Delete(d.listeners, at, at+1)
	}
	if d.waiting--; d.waiting == 0 && !d.sessions && !d.ended() {
		d.waiting = -1
		d.cancel()
	}
}

func (d *delivery) ended() bool {
	select {
	case <-d.done:
		return true
	default:
		return false
	}
}

// await waits for the end.
func (d *delivery) await(ctx context.Context, waiter Report) error {
	defer d.leave(waiter)
	select {
	case <-d.done:
		return d.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *delivery) say(fault *Fault, pause time.Duration) {
	d.mu.Lock()
	d.remark = fmt.Sprintf("%v; trying again in %s", fault, pause)
	line, listeners := d.remark, slices.Clone(d.listeners)
	d.mu.Unlock()
	for _, one := range listeners {
		one.Log(line)
	}
}

func (u *Uploads) run(ctx context.Context, to errand, load cargo, d *delivery) error {
	release, err := u.slot(ctx, reference.Domain(to.repository))
	if err != nil {
		return err
	}
	defer release()
	at, err := u.endpoint(to.repository)
	if err != nil {
		return err
	}
	load.sources = sources(load.sources, u.held(to.repository, to.blob))
	s := &sending{rules: u.rules, cargo: load, at: at, done: &d.sent, uploads: &d.uploads}
	err = persist(ctx, u.rules.schedule, d.say, func() (bool, error) { return s.attempt(ctx) })
	if err == nil {
		u.hold(to)
		if load.delivered != nil {
			load.delivered()
		}
	}
	return err
}

// mostSources is how many repositories are tried for a mount.
const mostSources = 3

// sources lists the surest first, each once.
func sources(likely, sure []string) []string {
	var all []string
	for _, source := range append(slices.Clone(sure), likely...) {
		if !slices.Contains(all, source) {
			all = append(all, source)
		}
	}
	return all[:min(len(all), mostSources)]
}
