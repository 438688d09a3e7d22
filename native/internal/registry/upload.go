package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const changedOnTheWay = "is there a proxy that changes what passes?"

// errAbsent says that a blob that is not here is not there either.
var errAbsent = errors.New("the registry does not have the blob")

// rules are the sizes and times of uploads.
type rules struct {
	schedule schedule
	// patience is how long nothing may move; sealing is that while a registry looks at a whole blob.
	patience, sealing time.Duration
	// small is up to what size a blob goes with the request that ends its upload.
	small int64
	// pieces are the sizes to try where a whole blob is too large for one request, the largest first; least is the
	// smallest worth trying where connections are cut.
	pieces []int64
	least  int64
}

func usualRules() rules {
	return rules{
		schedule: patient(),
		patience: time.Minute, sealing: 10 * time.Minute,
		small:  1 << 20,
		pieces: []int64{64 << 20, 8 << 20}, least: 1 << 20,
	}
}

// sending brings one blob into one repository, in as many attempts as it takes.
type sending struct {
	rules
	cargo
	at *endpoint
	// place is where the registry takes the upload; nil: none is begun.
	place *url.URL
	// offset is how much the registry is known to hold, best how much it ever held.
	offset, best int64
	// unsure says that more or less may have arrived than is known.
	unsure bool
	// piece is the most that one request carries, on a connection of its own; 0: all the rest.
	piece int64
	// lastSent is what the last request had sent when it broke.
	lastSent int64
	// done is for those who show progress; uploads says that bytes are sent at all.
	done    *atomic.Int64
	uploads *atomic.Bool
}

// attempt goes on until the blob is there or something breaks; moved: it may be tried again at once.
func (s *sending) attempt(ctx context.Context) (moved bool, err error) {
	best, piece := s.best, s.piece
	err = s.advance(ctx)
	var fault *Fault
	if !errors.As(err, &fault) || !fault.Passing() {
		return false, err
	}
	if s.unsure && fault.RetryAfter == 0 && fault.Code != Busy {
		pause(ctx, stepPause) // The registry may still be writing what has arrived.
		_ = s.locate(ctx)
	}
	if fault.Absent() && s.at.answered() {
		fault = &Fault{Code: Unreachable, Message: fault.Message, Hint: fault.Hint}
	}
	return s.best > best || s.piece != piece, fault
}

func pause(ctx context.Context, length time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(length):
	}
}

func (s *sending) advance(ctx context.Context) error {
	if s.place == nil || s.unsure {
		there, err := s.at.has(ctx, s.digest)
		if err != nil || there {
			return err
		}
	}
	if s.place != nil && s.unsure {
		if err := s.locate(ctx); err != nil {
			return err
		}
	}
	if s.place == nil {
		there, err := s.begin(ctx)
		if err != nil || there {
			return err
		}
	}
	s.uploads.Store(true)
	for s.rest() > 0 && (s.offset > 0 || s.size > s.small) {
		if err := s.patch(ctx); err != nil {
			return err
		}
	}
	return s.seal(ctx)
}

func (s *sending) rest() int64 { return s.size - s.offset }

// begin has the blob mounted from elsewhere, or starts an upload.
func (s *sending) begin(ctx context.Context) (there bool, err error) {
	s.reached(0)
	for _, source := range s.sources {
		mounted, place, err := s.at.mount(ctx, s.digest, source)
		if err != nil || mounted {
			return mounted, err
		}
		if s.place != nil && place != nil {
			s.at.abandon(ctx, s.place)
		}
		if place != nil {
			s.place = place
		}
	}
	s.sources = nil
	if s.open == nil {
		if s.place != nil {
			s.at.abandon(ctx, s.place)
		}
		return false, errAbsent
	}
	if s.place == nil {
		s.place, err = s.at.begin(ctx)
	}
	return false, err
}

func (s *sending) reached(offset int64) {
	s.offset, s.best, s.unsure = offset, max(s.best, offset), false
	s.done.Store(offset)
}

// lost forgets the upload: it has to start anew.
func (s *sending) lost() {
	s.place = nil
	s.reached(0)
}

// patch sends the rest, or the next piece of it.
func (s *sending) patch(ctx context.Context) error {
	length := s.rest()
	if s.piece > 0 {
		length = min(length, s.piece)
	}
	said, err := s.carry(ctx, http.MethodPatch, s.place, s.offset, length, 0)
	if err != nil {
		return err
	}
	switch {
	case said.status == http.StatusAccepted || said.status == http.StatusCreated || said.status == http.StatusNoContent:
		end, known := held(said.header.Get("Range"))
		if !known || end > s.offset+length || end < s.offset {
			end = s.offset + length
		}
		if end == s.offset {
			return &Fault{Code: Failed, Hint: "its log may say why",
				Message: fmt.Sprintf("uploading to %s: the registry keeps nothing of what it gets", s.at.repository)}
		}
		if said.header.Get("Location") != "" {
			if s.place, err = said.location(); err != nil {
				return err
			}
		}
		s.reached(end)
		return nil
	case said.status == http.StatusRequestEntityTooLarge:
		return s.smaller(ctx, said, length)
	}
	return s.refused(said)
}

// carry sends a part of the blob. Until the answer is understood it is not known how much is there.
func (s *sending) carry(
	ctx context.Context, method string, to *url.URL, offset, length int64, patience time.Duration,
) (*answer, error) {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	if method == http.MethodPatch && length < s.size {
		header.Set("Content-Range", fmt.Sprintf("%d-%d", offset, offset+length-1))
	}
	s.unsure = true
	said, sent, err := s.at.send(ctx, call{method: method, at: to, header: header, patience: patience,
		open: s.part(offset, length), length: length, alone: s.piece > 0,
		heard: func(sent int64) { s.done.Store(offset + max(sent, 0)) }})
	s.lastSent = max(sent, 0)
	return said, err
}

// refused says what an answer means that ends a request without success, and what is left of the upload.
func (s *sending) refused(said *answer) error {
	fault := said.fault("uploading to", s.at.repository.Name())
	switch {
	case said.says("DIGEST_INVALID"):
		s.lost()
		fault.Code, fault.Hint = Corrupt, "what arrived there differs from what was sent"
	case said.status == http.StatusNotFound || said.says("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"):
		s.lost()
		fault.Code, fault.Hint = Failed, "the registry has lost the upload: does it run more than once without shared storage?"
	case said.status == http.StatusRequestedRangeNotSatisfiable:
		fault.Code, fault.Hint = Failed, "the registry does not hold what it said it does"
	}
	return fault
}

// seal ends the upload. A small blob goes along with it.
func (s *sending) seal(ctx context.Context) error {
	to := *s.place
	query := to.Query()
	query.Set("digest", s.digest.String())
	to.RawQuery = query.Encode()
	said, err := s.carry(ctx, http.MethodPut, &to, s.offset, s.rest(), s.sealing)
	switch {
	case err != nil:
		return err
	case said.status == http.StatusRequestEntityTooLarge:
		return s.tooLarge(said, s.rest())
	case said.status != http.StatusCreated && said.status != http.StatusNoContent:
		return s.refused(said)
	}
	if got := said.header.Get("Docker-Content-Digest"); got != "" && got != s.digest.String() {
		s.lost()
		return &Fault{Code: Corrupt, Hint: changedOnTheWay,
			Message: fmt.Sprintf("uploading to %s: %s was sent, but the registry got %s", s.at.repository, s.digest, got)}
	}
	s.done.Store(s.size)
	return nil
}
