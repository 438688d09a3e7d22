package registry

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// locate asks how much of the upload the registry holds. Registries that do not go on with a broken upload forget it; and
// some things on the way only pass on what is whole. Both are helped by smaller pieces.
func (s *sending) locate(ctx context.Context) error {
	said, _, err := s.at.send(ctx, call{method: http.MethodGet, at: s.place})
	if err != nil {
		return err
	}
	before, sent := s.offset, s.lastSent
	s.lastSent = 0
	end, known := held(said.header.Get("Range"))
	switch {
	case said.status == http.StatusUnauthorized || said.status == http.StatusForbidden ||
		said.status == http.StatusTooManyRequests || said.status >= 500:
		return said.fault("uploading to", s.at.repository.Name())
	case said.status >= 300 || !known || end > s.size:
		s.lost()
	default:
		if said.header.Get("Location") != "" {
			if s.place, err = said.location(); err != nil {
				return err
			}
		}
		s.reached(end)
	}
	if sent > 0 && s.offset <= before {
		s.shrink(sent)
	}
	return nil
}

// held reads how many bytes `0-<last>` are. `0-0` is what registries say of nothing.
func held(text string) (int64, bool) {
	first, last, found := strings.Cut(strings.TrimPrefix(text, "bytes="), "-")
	end, err := strconv.ParseInt(last, 10, 64)
	if !found || first != "0" || err != nil || end < 0 {
		return 0, false
	}
	if end == 0 {
		return 0, true
	}
	return end + 1, true
}

// shrink makes the pieces small enough to pass before the connection is cut, if it is cut where it was this time.
func (s *sending) shrink(sent int64) {
	next := s.pieces[0]
	if s.piece > 0 {
		next = s.piece / 2
	}
	next = max(min(next, sent/2), s.least)
	if s.piece == 0 || next < s.piece {
		s.piece = next
	}
}

// smaller makes the pieces smaller, as one of this length is too large for something on the way.
func (s *sending) smaller(ctx context.Context, said *answer, length int64) error {
	for _, piece := range s.pieces {
		if piece < length {
			s.piece, s.lastSent = piece, 0
			if err := s.locate(ctx); err != nil || s.place != nil {
				return err
			}
			_, err := s.begin(ctx)
			return err
		}
	}
	return s.tooLarge(said, length)
}

func (s *sending) tooLarge(said *answer, length int64) error {
	return &Fault{
		Code: TooLarge,
		Message: fmt.Sprintf("uploading to %s: %s answered 413: a blob of %s is too large for it, even in pieces of %s",
			s.at.repository, said.at.Host, bytesText(s.size), bytesText(length)),
		Hint: "a proxy before the registry limits the size of requests: raise its limit (nginx: client_max_body_size)",
	}
}

// bytesText is a size as people read it.
func bytesText(size int64) string {
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if size < 10<<10 {
			return fmt.Sprintf("%d %s", size, unit)
		}
		size >>= 10
	}
	return fmt.Sprintf("%d GiB", size)
}
