package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"slipway.dev/engine/internal/protocol"
)

// lister answers tag lists in pages, as some registry does.
type lister struct {
	mu    sync.Mutex
	tags  []string
	size  int
	asked []string
	// change does something to an answer: by default `last` is heeded and links name it.
	token, backwards, empty bool
}

func newLister(t *testing.T, size int, change func(*lister), tags ...string) (l *lister, repository string) {
	t.Helper()
	l = &lister{tags: tags, size: size}
	slices.Sort(l.tags)
	if change != nil {
		change(l)
	}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	return l, strings.TrimPrefix(server.URL, "http://") + "/app"
}

func (l *lister) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !strings.HasSuffix(r.URL.Path, "/tags/list") {
		return
	}
	l.asked = append(l.asked, r.URL.RawQuery)
	query := r.URL.Query()
	rest := slices.Clone(l.tags)
	if l.backwards {
		slices.Reverse(rest)
	}
	if l.token {
		at, _ := strconv.Atoi(query.Get("page"))
		rest = rest[at:]
	} else if after := query.Get("last"); after != "" {
		rest = slices.DeleteFunc(rest, func(tag string) bool { return tag <= after })
		if l.empty && !slices.Contains(l.tags, after) {
			rest = nil
		}
	}
	page := rest[:min(l.size, len(rest))]
	if len(page) < len(rest) {
		next := url.Values{"last": {last(page)}}
		if l.token {
			at, _ := strconv.Atoi(query.Get("page"))
			next = url.Values{"page": {strconv.Itoa(at + len(page))}}
		}
		w.Header().Set("Link", fmt.Sprintf(`<http://registry.elsewhere%s?%s>; rel="next"`, r.URL.Path, next.Encode()))
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"name": "app", "tags": page})
}

func (l *lister) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.asked)
}

func tagsOf(t *testing.T, lists *TagLists, repository, prefix string, refresh bool) []string {
	t.Helper()
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	found, err := lists.Find(t.Context(), settings, repository, prefix, refresh)
	must(t, err)
	return found
}

// numbered makes tags a-000, a-001 …
func numbered(letter string, count int) []string {
	tags := make([]string, count)
	for i := range tags {
		tags[i] = fmt.Sprintf("%s-%03d", letter, i)
	}
	return tags
}

func manyTags() []string {
	return slices.Concat(numbered("a", 50), []string{"cc", "cc-1", "cc-2"}, numbered("d", 30), numbered("z", 50))
}

func TestAPagedListIsEnteredWhereThePrefixStands(t *testing.T) {
	l, repository := newLister(t, 10, nil, manyTags()...)
	lists := NewTagLists()
	if got := tagsOf(t, lists, repository, "cc", false); !slices.Equal(got, []string{"cc", "cc-1", "cc-2"}) {
		t.Errorf("%q", got)
	}
	if l.requests() != 2 {
		t.Errorf("asked %q", l.asked)
	}
	// The page told of its neighbours, too, and that nothing is between.
	for _, prefix := range []string{"cc-1", "cc-3", "d-000", "a-000"} {
		tagsOf(t, lists, repository, prefix, false)
	}
	if l.requests() != 2 {
		t.Errorf("asked %q", l.asked)
	}
	// A prefix of several pages is followed to its end.
	if got := tagsOf(t, lists, repository, "d-", false); !slices.Equal(got, numbered("d", 30)) {
		t.Errorf("%q", got)
	}
	if got := tagsOf(t, lists, repository, "", false); !slices.Equal(got, l.tags) {
		t.Errorf("%d tags", len(got))
	}
}

func TestAPagedListIsEnteredAgainForWhatIsNew(t *testing.T) {
	l, repository := newLister(t, 10, nil, manyTags()...)
	lists := NewTagLists()
	tagsOf(t, lists, repository, "cc", false)
	l.mu.Lock()
	l.tags = append(l.tags, "cc-3")
	slices.Sort(l.tags)
	l.mu.Unlock()
	if got := tagsOf(t, lists, repository, "cc", false); len(got) != 3 {
		t.Errorf("%q", got)
	}
	before := l.requests()
	for _, refresh := range []bool{true, false} {
		if got := tagsOf(t, lists, repository, "cc", refresh); len(got) != 4 {
			t.Errorf("%q", got)
		}
	}
	if l.requests() != before+1 {
		t.Errorf("asked %q", l.asked)
	}
}

func TestARegistryThatDoesNotHeedLastIsReadWhole(t *testing.T) {
	for name, change := range map[string]func(*lister){
		"it pages by tokens":                  func(l *lister) { l.token = true },
		"its lists are not sorted":            func(l *lister) { l.backwards, l.token = true, true },
		"it answers nothing behind a non-tag": func(l *lister) { l.empty = true },
	} {
		t.Run(name, func(t *testing.T) {
			l, repository := newLister(t, 10, change, manyTags()...)
			lists := NewTagLists()
			if got := tagsOf(t, lists, repository, "cc", false); !slices.Equal(got, []string{"cc", "cc-1", "cc-2"}) {
				t.Errorf("%q", got)
			}
			before := l.requests()
			if got := tagsOf(t, lists, repository, "z-04", false); len(got) != 10 {
				t.Errorf("%q", got)
			}
			if got := tagsOf(t, lists, repository, "zzz", false); len(got) != 0 {
				t.Errorf("%q", got)
			}
			if l.requests() != before {
				t.Errorf("asked %q", l.asked)
			}
		})
	}
}

func TestThatNothingIsThereIsBelievedOfARegistryThatHeedsLast(t *testing.T) {
	l, repository := newLister(t, 10, nil, manyTags()...)
	lists := NewTagLists()
	tagsOf(t, lists, repository, "cc", false)
	before := l.requests()
	if got := tagsOf(t, lists, repository, "zzz", false); len(got) != 0 || l.requests() != before+1 {
		t.Errorf("%q, asked %q", got, l.asked)
	}
}

func TestAListInOnePieceIsAskedForOnce(t *testing.T) {
	l, repository := newLister(t, 1000, nil, manyTags()...)
	lists := NewTagLists()
	var work sync.WaitGroup
	for _, prefix := range []string{"a", "c", "d", "x", ""} {
		work.Go(func() { tagsOf(t, lists, repository, prefix, false) })
	}
	work.Wait()
	if l.requests() != 1 || l.asked[0] != "" {
		t.Errorf("asked %q", l.asked)
	}
}

func TestARegistryThatGivesOnePageForEverIsLeft(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", `</v2/app/tags/list?page=1>; rel="next"`)
		fmt.Fprint(w, `{"tags":["b","a"]}`)
	}))
	defer server.Close()
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	_, err := NewTagLists().Find(t.Context(), settings, strings.TrimPrefix(server.URL, "http://")+"/app", "a", false)
	if fault := faultOf(t, err); fault.Code != Failed || !strings.Contains(fault.Message, "again and again") {
		t.Errorf("%+v", fault)
	}
}

func TestWhatIsNoListOfTagsIsSaidSo(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<html>")
	}))
	defer server.Close()
	settings := protocol.Settings{RunDirectory: t.TempDir(), RegistryMirrors: []string{}, DockerConfig: t.TempDir()}
	_, err := NewTagLists().Find(t.Context(), settings, strings.TrimPrefix(server.URL, "http://")+"/app", "a", false)
	if fault := faultOf(t, err); fault.Code != Failed || !strings.Contains(fault.Message, "is no list of tags") {
		t.Errorf("%+v", fault)
	}
}

func TestWhatIsNoTagIsLeftOut(t *testing.T) {
	_, repository := newLister(t, 10, nil, "a", "", "sha256:00", ".a", "a.b-c_D9", strings.Repeat("x", 129), strings.Repeat("x", 128))
	got := tagsOf(t, NewTagLists(), repository, "", false)
	if !slices.Equal(got, []string{"a", "a.b-c_D9", strings.Repeat("x", 128)}) {
		t.Errorf("%q", got)
	}
}
