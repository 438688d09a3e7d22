package dockerfile

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
)

// copied builds a text and gives what its last recipe copies, without functions.
func copied(t *testing.T, w *workplace, text string) []recipe.Copy {
	t.Helper()
	w.build(t, text)
	var steps []recipe.Copy
	for _, step := range w.made[len(w.made)-1].Steps {
		made := step.(recipe.Copy)
		if _, isContext := made.From.(recipe.ContextSource); isContext {
			made.From = recipe.ContextSource{}
		}
		steps = append(steps, made)
	}
	return steps
}

func TestWhatCopiesAsFor(t *testing.T) {
	context := recipe.ContextSource{}
	text := func(name, text string) recipe.TextSource {
		return recipe.TextSource{Files: map[string]string{name: text}}
	}
	for line, want := range map[string][]recipe.Copy{
		"COPY a /b":                 {{From: context, Patterns: []string{"a"}, To: "/b"}},
		"COPY a b":                  {{From: context, Patterns: []string{"a"}, To: "/w/b"}},
		"COPY a .":                  {{From: context, Patterns: []string{"a"}, To: "/w/"}},
		"COPY a ./":                 {{From: context, Patterns: []string{"a"}, To: "/w/"}},
		"COPY . /":                  {{From: context, Patterns: []string{"."}, To: "/"}},
		"COPY a b c":                {{From: context, Patterns: []string{"a", "b"}, To: "/w/c/"}},
		"COPY [\"a b\", \"/c d/\"]": {{From: context, Patterns: []string{"a b"}, To: "/c d/"}},
		"COPY --chown=u:g --chmod=0755 $D/a /$D/":         {{From: context, Patterns: []string{"d/a"}, To: "/d/", Chown: "u:g", Chmod: "0755"}},
		"COPY --exclude=*.o --exclude=b --link a /b/../c": {{From: context, Patterns: []string{"a"}, To: "/c", Exclude: []string{"*.o", "b"}}},
		"ADD a /b":                         {{From: context, Patterns: []string{"a"}, To: "/b", Unpack: true}},
		"ADD --unpack=false a /b":          {{From: context, Patterns: []string{"a"}, To: "/b"}},
		"COPY <<EOF /b\n$D \"x\"\nEOF":     {{From: text("EOF", "d \"x\"\n"), Patterns: []string{"EOF"}, To: "/b"}},
		"COPY <<'EOF' /b\n$D\nEOF":         {{From: text("EOF", "$D\n"), Patterns: []string{"EOF"}, To: "/b"}},
		"ADD a <<x <<y /b/\n1\nx\n2\ny":    {{From: context, Patterns: []string{"a"}, To: "/b/", Unpack: true}, {From: text("x", "1\n"), Patterns: []string{"x"}, To: "/b/"}, {From: text("y", "2\n"), Patterns: []string{"y"}, To: "/b/"}},
		"COPY --from=scratch /a /b":        {{From: recipe.TreeSource{}, Patterns: []string{"/a"}, To: "/b"}},
		"COPY https://x/y /b":              {{From: context, Patterns: []string{"https://x/y"}, To: "/b"}},
		"COPY --from=other https://x/y /b": {{From: recipe.TreeSource{Image: recipe.Image{Layer: "other"}}, Patterns: []string{"https://x/y"}, To: "/b"}},
	} {
		w := newWorkplace(t)
		w.bases["other"] = recipe.Image{Layer: "other"}
		if got := copied(t, w, "FROM scratch\nENV D=d\nWORKDIR /w\n"+line+"\n"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", line, got, want)
		}
	}
}

// fileServer has one file; it is busy when first asked.
func fileServer(t *testing.T) string {
	t.Helper()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		asked++
		switch {
		case request.URL.Path != "/dir/file":
			answer.WriteHeader(http.StatusNotFound)
		case asked == 1:
			answer.WriteHeader(http.StatusServiceUnavailable)
		default:
			answer.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
			_, _ = answer.Write([]byte("content"))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const contentSum = "sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"

func TestFilesOfWebServers(t *testing.T) {
	w := newWorkplace(t)
	address := fileServer(t)
	w.during = func(_ context.Context, made recipe.Recipe) error {
		from := made.Steps[0].(recipe.Copy).From.(recipe.FileSource)
		text, err := os.ReadFile(from.Path)
		if string(text) != "content" || !from.Modified.Equal(time.Unix(1136214245, 0)) || from.Name != "file" {
			t.Errorf("%q of %+v", text, from)
		}
		return err
	}
	got := copied(t, w, "FROM scratch\nADD --checksum="+contentSum+" "+address+"/dir/file?x=1 /to/\n")
	if len(got) != 1 || got[0].Patterns[0] != "file" || got[0].To != "/to/" || got[0].Unpack {
		t.Errorf("got %+v", got)
	}
}

func TestDownloadsThatFail(t *testing.T) {
	w := newWorkplace(t)
	address := fileServer(t)
	for line, want := range map[string]string{
		"ADD " + address + "/gone /": "downloading " + address + "/gone: the server answered 404 Not Found",
		"ADD --checksum=sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 " + address + "/dir/file /": "its checksum is " + contentSum,
		"ADD --checksum=md5 " + address + "/dir/file /":                                                                     "--checksum=md5",
	} {
		_, err := w.builder().Build(t.Context(), w.request("FROM scratch\n"+line+"\n"), w)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", line, err)
		}
	}
}

func TestParentsAreKeptFromAnyDepth(t *testing.T) {
	w := newWorkplace(t)
	w.build(t, "FROM scratch\nCOPY --parents a/./b/**/*.c d /e\nCOPY a/./b/**/*.c d /e/\n")
	first, second := w.made[0].Steps[0].(recipe.Copy), w.made[1].Steps[0].(recipe.Copy)
	if !first.Parents || second.Parents || first.To != "/e/" || first.Patterns[0] != "a/./b/**/*.c" {
		t.Errorf("got %+v and %+v", first, second)
	}
	parsed := Parse(protocol.DockerfileParse{Text: "FROM scratch\nCOPY --parents a/./b/**/*.c **/d ./e /f\n", Platform: "linux/amd64"})
	if got := parsed.Stages[0].Instructions[0].ContextSources; !slices.Equal(got, []string{"a/b", ".", "./e"}) {
		t.Errorf("asks for %q", got)
	}
}

func TestAWrongModeNamesTheLine(t *testing.T) {
	w := newWorkplace(t)
	_, err := w.builder().Build(t.Context(), w.request("FROM scratch\nCOPY a /a\nCOPY --chmod=u+q a /c\n"), w)
	want := "Dockerfile:3: COPY --chmod=u+q a /c: --chmod=u+q: write an octal mode, such as 0755, or words, such as u=rwX,go=rX"
	if fmt.Sprint(err) != want || len(w.made) > 0 {
		t.Errorf("got %v, made %d", err, len(w.made))
	}
}
