package registry

import (
	"sync"
	"time"
)

// shown adds up how far the blobs of a push are.
type shown struct {
	mu    sync.Mutex
	blobs []*delivery
}

func (s *shown) add(blob *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs = append(s.blobs, blob)
}

// count leaves out what was there already.
func (s *shown) count() (done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, blob := range s.blobs {
		if blob.uploads.Load() {
			done, total = done+int(blob.sent.Load()), total+int(blob.size)
		}
	}
	return done, total
}

// follow tells a report until stop is called, which tells the last.
func (s *shown) follow(report Report, text string) (stop func()) {
	ticks := time.NewTicker(reportInterval)
	ended, finished := make(chan struct{}), make(chan struct{})
	tell := func() {
		if done, total := s.count(); total > 0 {
			report.Bytes(text, done, total)
		}
	}
	go func() {
		defer close(finished)
		for {
			select {
			case <-ended:
				tell()
				return
			case <-ticks.C:
				tell()
			}
		}
	}()
	return func() { ticks.Stop(); close(ended); <-finished }
}
