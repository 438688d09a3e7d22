package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// validTag tells tags from what some registries list beside them: nothing at all, or digests. Lists are long, and a regular
// expression slow.
func validTag(text string) bool {
	for i := range len(text) {
		c := text[i]
		word := c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c == '_'
		if !word && (i == 0 || (c != '-' && c != '.')) {
			return false
		}
	}
	return text != "" && len(text) <= 128
}

const listing = "listing the tags of"

// tagsFrom says where in a list of tags to begin: behind a tag, at a page that a registry named, or at the start.
type tagsFrom struct{ last, link string }

// tagPage asks for tags from some place on; next is where the registry says that more are. A repository that does not
// exist has none.
func (e *endpoint) tagPage(ctx context.Context, from tagsFrom) (tags []string, next string, err error) {
	err = retryLookup(ctx, func() error {
		tags, next, err = e.askForTags(ctx, from)
		return err
	})
	if missing(err) {
		return nil, "", nil
	}
	return tags, next, err
}

func (e *endpoint) askForTags(ctx context.Context, from tagsFrom) (tags []string, next string, err error) {
	at, err := e.tagsAddress(ctx, from)
	if err != nil {
		return nil, "", err
	}
	ctx, stop := watched(ctx, e.patience, &watch{})
	defer stop()
	response, err := e.ask(ctx, http.MethodGet, at, nil, listing)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	var list struct {
		Tags []string `json:"tags"`
	}
	if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
		return nil, "", unreadable(ctx, err, e)
	}
	for _, tag := range list.Tags {
		if validTag(tag) {
			tags = append(tags, tag)
		}
	}
	return tags, nextPage(response.Header.Get("Link")), nil
}

// unreadable tells an answer that was cut off from one that is no list.
func unreadable(ctx context.Context, err error, from *endpoint) error {
	if ctx.Err() != nil || isNetwork(err) {
		return networkFault(ctx, &url.Error{Op: "Get", URL: from.host, Err: err}, listing, from.repository.String())
	}
	return &Fault{Code: Failed, Cause: err, Hint: "is there a registry at this address?",
		Message: fmt.Sprintf("%s %s: what %s answered is no list of tags: %v", listing, from.repository, from.host, err)}
}

func (e *endpoint) tagsAddress(ctx context.Context, from tagsFrom) (*url.URL, error) {
	at, err := e.path(ctx, "tags", "list")
	if err != nil {
		return nil, err
	}
	if from.last != "" {
		at.RawQuery = url.Values{"last": {from.last}}.Encode()
	}
	if from.link != "" {
		// Only path and query of it: the host that a registry calls itself by need not be one that we know.
		link, err := at.Parse(from.link)
		if err != nil {
			return nil, &Fault{Code: Failed, Message: fmt.Sprintf("%s named a page that is no address: %v", e.host, err)}
		}
		at.Path, at.RawPath, at.RawQuery = link.Path, link.RawPath, link.RawQuery
	}
	return at, nil
}

// furtherPages follows the links behind the first page.
func (e *endpoint) furtherPages(ctx context.Context, first []string, next string) ([]string, error) {
	all, seen := first, map[string]bool{}
	for _, tag := range first {
		seen[tag] = true
	}
	for next != "" {
		page, further, err := e.tagPage(ctx, tagsFrom{link: next})
		if err != nil {
			return nil, err
		}
		known := len(seen)
		for _, tag := range page {
			seen[tag] = true
		}
		if len(seen) == known && further != "" {
			return nil, &Fault{Code: Failed, Hint: "the registry has a problem of its own",
				Message: fmt.Sprintf("%s %s: %s gives the same page again and again", listing, e.repository, e.host)}
		}
		all, next = append(all, page...), further
	}
	return all, nil
}

// nextPage reads a Link header; empty: there is none.
func nextPage(link string) string {
	address, _, _ := strings.Cut(link, ";")
	return strings.Trim(strings.TrimSpace(address), "<>")
}
