package dockerfile

import (
	"os"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
)

// text is what the tests of what is remembered change.
const text = "FROM base\nARG V=1\nENV E=1\nUSER me\nWORKDIR /w\nRUN --network=none --mount=target=/m,source=dir --mount=type=tmpfs,target=/t command\n" +
	"COPY --chown=1 --exclude=x a b /to/\nCOPY <<EOF /file\ncontent\nEOF\nADD --checksum=sha256:" +
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 c /c\n"

// remade says how many instructions are carried out when a build is repeated with something changed.
func remade(t *testing.T, change func(w *workplace, r *Request)) int {
	t.Helper()
	w := newWorkplace(t)
	w.bases["base"] = recipe.Image{}
	socket := serveContext(t, "/dir")
	for _, change := range []func(w *workplace, r *Request){func(*workplace, *Request) {}, change} {
		w.made = nil
		request := w.request(text)
		request.AddHosts = []string{"a:1.1.1.1"}
		request.ContextSocket = socket
		change(w, &request)
		if _, err := w.builder().Build(t.Context(), request, w); err != nil {
			t.Fatal(err)
		}
	}
	return len(w.made)
}

func TestWhatDecidesWhetherAnInstructionIsCarriedOut(t *testing.T) {
	with := func(old, new string) func(*workplace, *Request) {
		return func(_ *workplace, r *Request) {
			if !strings.Contains(r.Text, old) {
				panic(old)
			}
			r.Text = strings.Replace(r.Text, old, new, 1)
		}
	}
	for name, test := range map[string]struct {
		change func(w *workplace, r *Request)
		want   int
	}{
		"nothing":                     {func(*workplace, *Request) {}, 0},
		"a label":                     {with("USER me\n", "USER me\nLABEL a=1\n"), 0},
		"the name of the file":        {func(_ *workplace, r *Request) { r.Name = "Other" }, 0},
		"a checksum nobody reads":     {func(_ *workplace, r *Request) { r.ContextChecksums[3] = "new" }, 0},
		"a proxy":                     {func(_ *workplace, r *Request) { r.Proxies = map[string]string{"http_proxy": "p"} }, 0},
		"an argument nobody declares": {func(_ *workplace, r *Request) { r.BuildArgs = []protocol.Pair{{Name: "X", Value: "1"}} }, 0},
		"where layers go":             {func(_ *workplace, r *Request) { r.UploadTo = "other" }, 0},
		"how an ENV is written":       {with("ENV E=1", "ENV E 1"), 0},
		"the directory":               {with("/w", "/v"), 5},
		"the command":                 {with("command", "other"), 4},
		"an argument":                 {func(_ *workplace, r *Request) { r.BuildArgs = []protocol.Pair{{Name: "V", Value: "2"}} }, 4},
		"a variable":                  {with("ENV E=1", "ENV E=2"), 4},
		"the user":                    {with("USER me", "USER you"), 5},
		"the network":                 {with("none", "host"), 4},
		"the shell":                   {with("USER me", "SHELL [\"/x\"]\nUSER me"), 4},
		"hosts":                       {func(_ *workplace, r *Request) { r.AddHosts[0] = "a:2.2.2.2" }, 4},
		"a mount's target":            {with("/t ", "/u "), 4},
		"a mount's source":            {with("source=dir", "source=link"), 4},
		"what is mounted":             {func(_ *workplace, r *Request) { r.ContextChecksums[0] = "new" }, 4},
		"files that are copied":       {func(_ *workplace, r *Request) { r.ContextChecksums[1] = "new" }, 3},
		"a checksum that is missing":  {func(_ *workplace, r *Request) { r.ContextChecksums[1] = "" }, 3},
		"a source":                    {with("a b", "a c"), 3},
		"the owner":                   {with("chown=1", "chown=2"), 3},
		"an exception":                {with("exclude=x", "exclude=y"), 3},
		"the mode":                    {with("--chown=1", "--chown=1 --chmod=700"), 3},
		"where it is copied":          {with("/to/", "/too/"), 3},
		"content in the file":         {with("content", "contents"), 2},
		"the last instruction":        {with(" c /c", " c /d"), 1},
		"what archives become":        {with("ADD ", "ADD --unpack=false "), 1},
		"the epoch":                   {func(_ *workplace, r *Request) { r.Epoch = r.Epoch.Add(1e9) }, 0},
		"layers that are gone":        {func(w *workplace, _ *Request) { clear(w.layers) }, 5},
		"the base": {func(w *workplace, _ *Request) {
			w.bases["base"] = recipe.Image{Layer: "l", DiffIDs: append(recipe.Image{}.DiffIDs, "sha256:1")}
		}, 5},
		"a foreign platform": {func(_ *workplace, r *Request) { r.Platform.Architecture = "s390x" }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			if got := remade(t, test.change); got != test.want {
				t.Errorf("%d were carried out, wanted %d", got, test.want)
			}
		})
	}
}

func TestAnInstructionThatChangedNothingIsRememberedToo(t *testing.T) {
	w := newWorkplace(t)
	w.idle = func(recipe.Recipe) bool { return true }
	for range 2 {
		image := w.build(t, "FROM scratch\nRUN true\n")
		if len(image.DiffIDs) != 0 || !image.Configuration.History[0].EmptyLayer {
			t.Errorf("got %+v", image)
		}
	}
	if len(w.made) != 1 {
		t.Errorf("carried out %d times", len(w.made))
	}
}

func TestFieldsOfAKeyDoNotFlowIntoEachOther(t *testing.T) {
	one, other := newKey("p", recipe.Image{}), newKey("p", recipe.Image{})
	one.list([]string{"a", "b"})
	other.list([]string{"a"})
	other.add("b")
	if one.String() == other.String() {
		t.Error("two keys are one")
	}
}

func TestWhatNoBuildAsksForIsForgotten(t *testing.T) {
	cache := NewInstructionCache(newWorkplace(t))
	for _, key := range []string{"aa-old", "aa-used", "bb-other"} {
		cache.remember(key, time.Unix(1, 0), recipe.Image{}, recipe.Image{})
		long := time.Now().Add(-2 * forgetAfter)
		if err := os.Chtimes(cache.path(key), long, long); err != nil {
			t.Fatal(err)
		}
		if key == "aa-used" {
			cache.find(key, time.Unix(1, 0), recipe.Image{})
		}
	}
	cache.remember("aa-new", time.Unix(1, 0), recipe.Image{}, recipe.Image{})
	for key, want := range map[string]bool{"aa-old": false, "aa-used": true, "bb-other": true, "aa-new": true} {
		if _, _, found := cache.find(key, time.Unix(1, 0), recipe.Image{}); found != want {
			t.Errorf("%s: found %v", key, found)
		}
	}
}

func TestLayersOfAnotherCommitAreDatedAnewUnlessTheyAreExactForTheirsAlone(t *testing.T) {
	w := newWorkplace(t)
	w.bases["base"] = recipe.Image{}
	const text = "FROM base\nRUN one\nRUN two\n"
	first := w.build(t, text)
	later := w.request(text)
	later.Epoch = later.Epoch.Add(time.Hour)
	for range 2 {
		again, err := w.builder().Build(t.Context(), later, w)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.made) != 2 || w.redated != 2 || again.DiffIDs[1] == first.DiffIDs[1] || again.Origins[1] != first.DiffIDs[1] {
			t.Errorf("%d made, %d dated anew: %+v", len(w.made), w.redated, again)
		}
	}
	w.late = true
	other := strings.Replace(text, "two", "three", 1)
	w.build(t, other)
	later.Text = other
	if _, err := w.builder().Build(t.Context(), later, w); err != nil || len(w.made) != 4 {
		t.Errorf("%d made, wanted 4: %v", len(w.made), err)
	}
}
