package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.podman.io/image/v5/docker/reference"

	"slipway.dev/engine/internal/protocol"
)

// TagLists remembers the list of tags of each repository for one run.
type TagLists struct {
	mu    sync.Mutex
	lists map[string]*tagList
}

// tagList is what is known of one repository: all of its tags, or parts of them where the registry gives them in pages.
type tagList struct {
	mu      sync.Mutex
	asked   endpointOnce
	whole   *span
	paged   bool
	parts   []span
	trusted entryTrust
}

// NewTagLists knows nothing yet.
func NewTagLists() *TagLists { return &TagLists{lists: map[string]*tagList{}} }

// Find gives the tags of a repository that begin with prefix, sorted; refresh asks the registry again. Callers that
// ask at the same time share one request. A repository that does not exist has no tags.
//
// The list is asked for without `n`, which most registries answer whole. One that gives it in pages is entered where
// the prefix stands, unless it has answered something that cannot be: then all of its pages are read.
func (t *TagLists) Find(ctx context.Context, settings protocol.Settings, repository, prefix string, refresh bool) ([]string, error) {
	named, err := parseReference(repository)
	if err != nil {
		return nil, err
	}
	list := t.of(repository)
	from, err := list.asked.endpoint(settings, reference.TrimNamed(named))
	if err != nil {
		return nil, err
	}
	found, answered, err := list.remembered(ctx, from, prefix, refresh)
	if answered || err != nil {
		return found, err
	}
	return list.enter(ctx, from, prefix)
}

func (t *TagLists) of(repository string) *tagList {
	t.mu.Lock()
	defer t.mu.Unlock()
	list, known := t.lists[repository]
	if !known {
		list = &tagList{}
		t.lists[repository] = list
	}
	return list
}

// remembered answers out of what was read before, which is at least the first page; false: the list is to be entered.
func (l *tagList) remembered(ctx context.Context, from *endpoint, prefix string, refresh bool) ([]string, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	enters := l.paged && l.trusted != entryBroken && prefix != ""
	if (l.whole == nil && !enters) || (refresh && !enters) {
		if err := l.read(ctx, from, prefix); err != nil {
			return nil, false, err
		}
		refresh = false
	}
	if l.whole != nil {
		return l.whole.begin(prefix), true, nil
	}
	if refresh {
		return nil, false, nil
	}
	for _, part := range l.parts {
		if part.covers(prefix) {
			return part.begin(prefix), true, nil
		}
	}
	return nil, false, nil
}

// read asks for the first page, and for all where the list cannot be entered.
func (l *tagList) read(ctx context.Context, from *endpoint, prefix string) error {
	first, next, err := from.tagPage(ctx, tagsFrom{})
	if err != nil {
		return err
	}
	l.parts, l.whole = nil, nil
	l.paged = next != ""
	if !slices.IsSorted(first) {
		l.trusted = entryBroken
	}
	if l.paged && l.trusted != entryBroken && prefix != "" {
		l.parts = []span{{upTo: last(first), tags: first}}
		return nil
	}
	all, err := from.furtherPages(ctx, first, next)
	if err != nil {
		return err
	}
	slices.Sort(all)
	l.whole = &span{end: true, tags: slices.Compact(all)}
	return nil
}

// enter asks for what stands at the prefix, and for the whole list where the answer is not to be trusted.
func (l *tagList) enter(ctx context.Context, from *endpoint, prefix string) ([]string, error) {
	part, next, err := span{after: before(prefix)}, "", error(nil)
	for at := (tagsFrom{last: part.after}); ; at = (tagsFrom{last: part.upTo}) {
		var page []string
		page, next, err = from.tagPage(ctx, at)
		if err != nil {
			return nil, err
		}
		if !l.trusts(at.last, page, next) {
			return l.distrust(ctx, from, prefix)
		}
		part.tags = append(part.tags, page...)
		part.end = next == ""
		if len(page) > 0 {
			part.upTo = last(page)
		}
		if part.covers(prefix) {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// What is newer is found first.
	l.parts = append([]span{part}, l.parts...)
	return part.begin(prefix), nil
}

// entryTrust is what is known about whether a registry heeds `last`.
type entryTrust int

const (
	entryUntried entryTrust = iota
	// entryProven has answered with tags, all of them behind `last`: that nothing is there is believed, too.
	entryProven
	entryBroken
)

func (l *tagList) trusts(after string, page []string, next string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(page) == 0 {
		return l.trusted == entryProven && next == ""
	}
	if !slices.IsSorted(page) || page[0] <= after {
		return false
	}
	if l.trusted == entryUntried && after != "" {
		l.trusted = entryProven
	}
	return l.trusted != entryBroken
}

// distrust reads all pages, now and in the rest of the run.
func (l *tagList) distrust(ctx context.Context, from *endpoint, prefix string) ([]string, error) {
	l.mu.Lock()
	l.trusted = entryBroken
	l.mu.Unlock()
	found, _, err := l.remembered(ctx, from, prefix, false)
	return found, err
}

// span is a part of a sorted list: what lies behind `after`, up to `upTo` or to the end.
type span struct {
	after, upTo string
	end         bool
	tags        []string
}

// covers says whether all tags that begin with prefix lie inside.
func (s *span) covers(prefix string) bool {
	return (s.after == "" || s.after < prefix) && (s.end || (s.upTo > prefix && !strings.HasPrefix(s.upTo, prefix)))
}

// begin lists the tags that begin with prefix.
func (s *span) begin(prefix string) []string {
	first, _ := slices.BinarySearch(s.tags, prefix)
	var found []string
	for _, tag := range s.tags[first:] {
		if !strings.HasPrefix(tag, prefix) {
			break
		}
		found = append(found, tag)
	}
	return found
}

// before gives what stands closely before a prefix in a sorted list: a tag may be the prefix itself.
func before(prefix string) string { return prefix[:len(prefix)-1] }

func last(tags []string) string {
	if len(tags) == 0 {
		return ""
	}
	return tags[len(tags)-1]
}

// parseReference completes a reference by what it leaves out.
func parseReference(text string) (reference.Named, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return nil, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q is not an image reference: %v", text, err)}
	}
	return untagged(reference.TagNameOnly(named)), nil
}
