package recipe

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"slipway.dev/engine/internal/isolation"
)

// placed is a recipe that gives the same layer however it is made.
type placed struct {
	name  string
	steps []Step
	// want is the layer, or fails a pattern of the error.
	want  []string
	fails string
}

// stageArena is an arena whose base has a shell, accounts, and files of a mapping at /app.
func stageArena(t *testing.T, driver string) *arena {
	t.Helper()
	a := newArena(t, driver)
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	a.base, err = a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: []Step{Extract{Open: opening(rawTar(
		raw{kind: '0', name: "bin/busybox", mode: 0o755, content: string(program)}, rawLink("bin/sh", "busybox"),
		rawFile("etc/passwd", "root:x:0:0::/:/bin/sh\napp:x:1000:1001::/:/bin/sh\n"), rawFile("etc/group", "root:x:0:\nweb:x:33:\n"),
		raw{kind: '5', name: "app/", mode: 0o700, uid: 7, gid: 8}, rawFile("app/keep", "k"), rawFile("app/old/one/1", "1"), rawFile("app/old/one/2", "2"),
		rawFile("app/old/two/1", "1"), rawLink("app/away", "../d"), rawLink("app/out", a.canary), rawLink("dangling", "srv/www"), rawDirectory("run"),
	))}}}, &heard{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mapping(to string, removed []string, entries ...raw) Place {
	return Place{To: to, Owner: "app", Group: "web", Removed: removed, Open: opening(rawTar(entries...))}
}

func placements(a *arena) []placed {
	inside := strings.TrimPrefix(a.canary, "/")
	var way []string
	for i, part := range strings.Split(inside, "/") {
		way = append(way, strings.Join(strings.Split(inside, "/")[:i], "/")+"/"+part+"/ 775 1000:33")
	}
	for i := range way {
		way[i] = strings.TrimPrefix(way[i], "/")
	}
	return []placed{
		{name: "new directories", steps: []Step{mapping("/srv/a", nil, rawFile("b/c/f", "x"), rawFile("b/f", "x"), rawLink("l", "b"))},
			want: []string{"srv/ 775 1000:33", "srv/a/ 775 1000:33", "srv/a/b/ 775 1000:33", "srv/a/b/c/ 775 1000:33", `srv/a/b/c/f "x" 1000:33`, `srv/a/b/f "x" 1000:33`, "srv/a/l -> b 1000:33"}},
		{name: "directories that stay as they are", steps: []Step{mapping("/app", nil, raw{kind: '0', name: "keep", mode: 0o755, content: "new"}, rawFile("old/n/f", "x"))},
			want: []string{"app/ 700 7:8", `app/keep "new" 755 1000:33`, "app/old/", "app/old/n/ 775 1000:33", `app/old/n/f "x" 1000:33`}},
		{name: "numbers, and root without a wish", steps: []Step{Place{To: "/", Owner: "12", Open: opening(rawTar(rawFile("n/f", "x")))}},
			want: []string{"n/ 775 12:0", `n/f "x" 12:0`}},
		{name: "no files at all", steps: []Step{mapping("/srv/a", nil)}, want: []string{"srv/ 775 1000:33", "srv/a/ 775 1000:33"}},
		{name: "no tar", steps: []Step{Place{To: "/srv/a", Removed: []string{"x/y"}}}},
		{name: "a user who is not there", steps: []Step{Place{To: "/", Owner: "nobody", Open: opening(rawTar())}},
			fails: `^the user "nobody" is not in /etc/passwd of the image: make it`},
		{name: "a group that is not there", steps: []Step{Place{To: "/", Group: "staff", Open: opening(rawTar())}}, fails: `"staff" is not in /etc/group`},
		{name: "an id that is none", steps: []Step{Place{To: "/", Owner: "4294967295", Open: opening(rawTar())}}, fails: "the last one is 4294967294"},

		{name: "a file in the place of a directory", steps: []Step{mapping("/app", nil, rawFile("old", "x"))}, want: []string{"app/ 700 7:8", `app/old "x" 1000:33`}},
		{name: "a directory in the place of a file", steps: []Step{mapping("/app", nil, rawFile("keep/f", "x"))},
			want: []string{"app/ 700 7:8", "app/keep/ 775 1000:33", `app/keep/f "x" 1000:33`}},
		{name: "a directory in the place of a file on the way", steps: []Step{mapping("/app/keep/b/c", nil, rawFile("f", "x"))},
			want: []string{"app/ 700 7:8", "app/keep/ 775 1000:33", "app/keep/b/ 775 1000:33", "app/keep/b/c/ 775 1000:33", `app/keep/b/c/f "x" 1000:33`}},
		{name: "a file in the place of a link", steps: []Step{mapping("/app", nil, rawFile("out", "x"))}, want: []string{"app/ 700 7:8", `app/out "x" 1000:33`}},
		{name: "files behind a link", steps: []Step{mapping("/app", nil, rawFile("away/a", "x"))}, want: []string{"d/", `d/a "x" 1000:33`}},
		{name: "files behind a link to nothing", steps: []Step{mapping("/dangling", nil, rawFile("f", "x"))},
			want: []string{"srv/ 775 1000:33", "srv/www/ 775 1000:33", `srv/www/f "x" 1000:33`}},
		{name: "a link and files behind it in one tar", steps: []Step{mapping("/app", nil, rawLink("l", "old"), rawFile("l/f", "x"))},
			want: []string{"app/ 700 7:8", "app/l -> old 1000:33", "app/old/", `app/old/f "x" 1000:33`}},

		{name: "removals", steps: []Step{Place{To: "/app", Removed: []string{"keep", "old/one/1", "not/there"}}},
			want: []string{"app/ 700 7:8", "-app/keep", "app/old/", "app/old/one/", "-app/old/one/1"}},
		{name: "removals that leave nothing", steps: []Step{Place{To: "/app", Removed: []string{"old/one/1", "old/one/2", "old/two/1"}}},
			want: []string{"app/ 700 7:8", "-app/old"}},
		{name: "removals of all below a directory that stays", steps: []Step{Place{To: "/app/old/one", Removed: []string{"1", "2"}}},
			want: []string{"app/ 700 7:8", "app/old/", "app/old/one/", "-app/old/one/1", "-app/old/one/2"}},
		{name: "a removal of the only file, and another in its directory", steps: []Step{mapping("/app", []string{"old/two/1"}, rawFile("old/two/2", "x"))},
			want: []string{"app/ 700 7:8", "app/old/", "app/old/two/", "-app/old/two/1", `app/old/two/2 "x" 1000:33`}},
		{name: "a directory that became a file", steps: []Step{mapping("/app", []string{"old/one/1", "old/one/2"}, rawFile("old/one", "x"))},
			want: []string{"app/ 700 7:8", "app/old/", `app/old/one "x" 1000:33`}},
		{name: "a file that became a directory", steps: []Step{mapping("/app", []string{"keep"}, rawFile("keep/f", "x"))},
			want: []string{"app/ 700 7:8", "app/keep/ 775 1000:33", `app/keep/f "x" 1000:33`}},
		{name: "a removal below a file", steps: []Step{Place{To: "/app", Removed: []string{"keep/x/y"}}}},
		{name: "a removal of a link that leads out", steps: []Step{Place{To: "/app", Removed: []string{"out"}}}, want: []string{"app/ 700 7:8", "-app/out"}},
		{name: "a removal behind a link", steps: []Step{Place{To: "/app", Removed: []string{"away/sub/x", "out/secret"}}}, want: []string{"d/", "-d/sub"}},

		{name: "a removal of dots", steps: []Step{Place{To: "/app", Removed: []string{"../etc/passwd"}}}, fails: "no plain path below"},
		{name: "a removal of the directory itself", steps: []Step{Place{To: "/app", Removed: []string{""}}}, fails: "no plain path below"},
		{name: "a removal of an absolute path", steps: []Step{Place{To: "/app", Removed: []string{"/etc/passwd"}}}, fails: "no plain path below"},
		{name: "a removal of dots in between", steps: []Step{Place{To: "/app", Removed: []string{"a/../../etc"}}}, fails: "no plain path below"},
		{name: "names of dots", steps: []Step{mapping("/app", nil, rawFile("../../"+escaped, "x"))}, fails: "leads out of the archive"},
		{name: "absolute names", steps: []Step{mapping("/app", nil, rawFile("/etc/"+escaped, "x"))},
			want: []string{"app/ 700 7:8", "app/etc/ 775 1000:33", "app/etc/" + escaped + ` "x" 1000:33`}},
		{name: "names that mean removals", steps: []Step{mapping("/app", nil, rawFile(".wh.keep", ""))}, fails: `names that begin with \.wh\.`},
		{name: "directories of such names", steps: []Step{mapping("/app", nil, rawFile(".wh.d/f", ""))}, fails: `names that begin with \.wh\.`},
		{name: "files behind a link that leads out", steps: []Step{mapping("/app", nil, rawFile("out/"+escaped, "x"))},
			want: append(slices.Clone(way), inside+"/"+escaped+` "x" 1000:33`)},
		{name: "a directory behind a link that leads out", steps: []Step{mapping("/leads-up", nil, rawFile(escaped, "x"))},
			want: append(slices.Clone(way), inside+"/"+escaped+` "x" 1000:33`)},
		{name: "links in a circle", steps: []Step{mapping("/app", nil, rawLink("l", "m"), rawLink("m", "l"), rawFile("m/f", "x"))}, fails: "too many levels"},

		{name: "emptied directories", steps: []Step{Empty{Paths: []string{"/app/old", "/tmp/new", "/app/keep", "/dangling"}}},
			want: []string{"app/ 700 7:8", "app/keep/", "app/old/", "-app/old/one", "-app/old/two", "srv/", "srv/www/", "tmp/", "tmp/new/"}},
		{name: "an emptied directory behind a link", steps: []Step{Empty{Paths: []string{"/app/away"}}}, want: []string{"d/", "-d/a", "-d/sub"}},
		{name: "an empty directory that is emptied", steps: []Step{Empty{Paths: []string{"/run"}}}},
		{name: "an emptied root", steps: []Step{Empty{Paths: []string{"/"}}}, fails: "the whole image would be empty"},
		{name: "an emptied root behind dots", steps: []Step{Empty{Paths: []string{"/app/../.."}}}, fails: "the whole image would be empty"},

		{name: "several mappings, one in another", steps: []Step{mapping("/srv", nil, rawFile("a/1", "x"), rawFile("f", "x")),
			Place{To: "/srv/a", Open: opening(rawTar(rawFile("1", "second"), rawFile("b/2", "x")))}},
			want: []string{"srv/ 775 1000:33", "srv/a/ 775 1000:33", `srv/a/1 "second"`, "srv/a/b/ 775", `srv/a/b/2 "x"`, `srv/f "x" 1000:33`}},
		{name: "several mappings beside each other", steps: []Step{mapping("/srv/a", nil, rawFile("1", "x")), Place{To: "/srv/b/c", Owner: "5", Open: opening(rawTar(rawFile("2", "x")))}},
			want: []string{"srv/ 775 1000:33", "srv/a/ 775 1000:33", `srv/a/1 "x" 1000:33`, "srv/b/ 775 5:0", "srv/b/c/ 775 5:0", `srv/b/c/2 "x" 5:0`}},
		{name: "several mappings beside each other, the last one first", steps: []Step{Place{To: "/srv/b/c", Owner: "5", Open: opening(rawTar(rawFile("2", "x")))}, mapping("/srv/a", nil, rawFile("1", "x"))},
			want: []string{"srv/ 775 5:0", "srv/a/ 775 1000:33", `srv/a/1 "x" 1000:33`, "srv/b/ 775 5:0", "srv/b/c/ 775 5:0", `srv/b/c/2 "x" 5:0`}},
		{name: "several mappings in one directory", steps: []Step{mapping("/srv", nil, rawFile("b", "x")), mapping("/srv", nil, rawFile("a", "x"), rawFile("b", "second"))},
			want: []string{"srv/ 775 1000:33", `srv/a "x" 1000:33`, `srv/b "second" 1000:33`}},
		{name: "a mapping behind a link of another", steps: []Step{mapping("/srv/a", nil, rawLink("l", "../b")), mapping("/srv/a/l", nil, rawFile("f", "x"))},
			want: []string{"srv/ 775 1000:33", "srv/a/ 775 1000:33", "srv/a/l -> ../b 1000:33", "srv/b/ 775 1000:33", `srv/b/f "x" 1000:33`}},
		{name: "a mapping behind a link beside it", steps: []Step{mapping("/app", nil, rawLink("m", "../srv")), mapping("/app/m-x", nil, rawFile("f", "x"))},
			want: []string{"app/ 700 7:8", "app/m -> ../srv 1000:33", "app/m-x/ 775 1000:33", `app/m-x/f "x" 1000:33`}},
	}
}

// idleCommand makes a recipe that is not planned, but done in files.
func idleCommand() Run {
	return Run{Command: []string{"/bin/sh", "-c", ":"}, Env: []string{"PATH=/bin"}, Network: isolation.HostNetwork}
}

func TestFilesOfMappingsAreTheSameHoweverTheyCome(t *testing.T) {
	idle := Remove{Paths: []string{"/nothing"}}
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		a := stageArena(t, driver)
		for _, one := range placements(a) {
			for name, steps := range map[string][]Step{"alone": one.steps, "planned": append([]Step{idle}, one.steps...), "with a command": append(slices.Clone(one.steps), idleCommand())} {
				t.Run(fmt.Sprintf("%s/%s/%s", driver, one.name, name), func(t *testing.T) {
					a.makes(t, steps, one.want, one.fails)
				})
			}
		}
	}
}

// makes holds a recipe against what it is to make.
func (a *arena) makes(t *testing.T, steps []Step, want []string, fails string) {
	t.Helper()
	layers := a.countLayers(t)
	made, err := a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: steps}, &heard{})
	defer a.assertIntact(t)
	// Working trees that are kept for the next command.
	if rest := a.Layers.Rest(); rest != nil {
		t.Error(rest)
	}
	if fails != "" {
		assertSentence(t, err, fails)
		if a.countLayers(t) != layers {
			t.Errorf("a layer is left after %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if made.Layer == a.base.Layer {
		if len(want) > 0 {
			t.Errorf("nothing changed, wanted %q", want)
		}
		return
	}
	a.assertAgrees(t, made)
	if got := a.told(t, made); !slices.Equal(got, want) {
		t.Errorf("the layer holds\n%s\nwanted\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// counting counts how often a stream was opened.
func counting(open func(context.Context) (io.ReadCloser, error), count *int) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		*count++
		return open(ctx)
	}
}

func TestSortedFilesOfMappingsAreReadOnce(t *testing.T) {
	a := stageArena(t, "overlay")
	sorted, other := opening(rawTar(rawFile("a", "x"), rawFile("b/c", "x"), rawFile("b-d", "x"))), opening(rawTar(rawFile("b-d", "x"), rawFile("b/c", "x")))
	for name, one := range map[string]struct {
		steps []Place
		want  int
	}{
		"sorted":                    {[]Place{{To: "/srv", Open: sorted}}, 1},
		"not sorted":                {[]Place{{To: "/srv", Open: other}}, 2},
		"two in order":              {[]Place{{To: "/srv/a", Owner: "5", Open: sorted}, {To: "/srv/b", Owner: "6", Open: sorted}}, 2},
		"two of one owner":          {[]Place{{To: "/srv/b", Open: sorted}, {To: "/srv/a", Open: sorted}}, 2},
		"two that are one behind":   {[]Place{{To: "/srv/a", Open: sorted}, {To: "/srv/b", Open: other}}, 4},
		"an owner of the first one": {[]Place{{To: "/etc", Open: opening(rawTar(rawFile("passwd", "new:x:9:9::/:/bin/sh\n")))}, {To: "/srv", Owner: "new", Open: sorted}}, 2},
	} {
		count := 0
		var steps []Step
		for _, step := range one.steps {
			step.Open = counting(step.Open, &count)
			steps = append(steps, step)
		}
		if _, err := a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: steps}, &heard{}); err != nil || count != one.want {
			t.Errorf("%s: read %d times, wanted %d: %v", name, count, one.want, err)
		}
	}
}
