package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.podman.io/image/v5/docker"
	"go.podman.io/image/v5/docker/reference"

	"slipway.dev/engine/internal/protocol"
)

// TagLists remembers the list of tags of each repository for one run.
type TagLists struct {
	mu    sync.Mutex
	lists map[string]*tagList
}

type tagList struct {
	mu    sync.Mutex
	known bool
	tags  []string
}

// NewTagLists knows nothing yet.
func NewTagLists() *TagLists { return &TagLists{lists: map[string]*tagList{}} }

// Find gives the tags of a repository that begin with prefix, sorted; refresh asks the registry again. Callers that
// ask at the same time share one request. A repository that does not exist has no tags.
func (t *TagLists) Find(ctx context.Context, settings protocol.Settings, repository, prefix string, refresh bool) ([]string, error) {
	list := t.of(repository)
	list.mu.Lock()
	defer list.mu.Unlock()
	if refresh || !list.known {
		tags, err := fetchTags(ctx, settings, repository)
		if err != nil {
			return nil, err
		}
		list.tags, list.known = tags, true
	}
	first, _ := slices.BinarySearch(list.tags, prefix)
	var found []string
	for _, tag := range list.tags[first:] {
		if !strings.HasPrefix(tag, prefix) {
			break
		}
		found = append(found, tag)
	}
	return found, nil
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

// fetchTags asks without `n`, which most registries answer whole; where there are pages, it follows their links.
func fetchTags(ctx context.Context, settings protocol.Settings, repository string) ([]string, error) {
	at, err := remoteOf(settings, repository+":latest")
	if err != nil {
		return nil, err
	}
	var tags []string
	err = retryLookup(ctx, func() error {
		tags, err = docker.GetRepositoryTags(ctx, at.system, at.reference)
		return Classify(err, "listing the tags of", repository)
	})
	var fault *Fault
	if errors.As(err, &fault) && fault.Code == NotFound {
		return nil, nil
	}
	slices.Sort(tags)
	return tags, err
}

// parseReference completes a reference by what it leaves out.
func parseReference(text string) (reference.Named, error) {
	named, err := reference.ParseNormalizedNamed(text)
	if err != nil {
		return nil, &Fault{Code: ReferenceInvalid, Message: fmt.Sprintf("%q is not an image reference: %v", text, err)}
	}
	return untagged(reference.TagNameOnly(named)), nil
}
