package recipe

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"crypto/sha256"
)

// importSource is an image to import from.
func importSource(t *testing.T, a *arena) Image {
	t.Helper()
	made, err := a.Make(t.Context(), Recipe{Epoch: testEpoch, Steps: []Step{Extract{Open: opening(rawTar(
		raw{kind: '5', name: "lib/", mode: 0o750, uid: 5, gid: 6, modified: testEpoch.Unix() - 100},
		raw{kind: '0', name: "lib/a.js", mode: 0o4755, uid: 5, gid: 6, content: "a", modified: testEpoch.Unix() - 50},
		rawHardLink("lib/b.js", "lib/a.js"), rawLink("lib/c", "a.js"), rawLink("lib/abs", "/etc/shadow"),
		rawPAX("SCHILY.xattr.user.kept=1"), rawFile("lib/deep/er/d.txt", "d"), rawDirectory("lib/none/at/all"),
		rawFile("bin/tool", "t"), rawFile("proc/x", "x"), rawFile("sys/x", "x"), rawFile("dev/x", "x"), rawFile("run/x", "x"), rawFile(".werf/x", "x"),
		rawFile("opt/run/x", "x"), rawFile("opt/proc/x", "x"), rawLink("leads-out", a.canary), rawLink("to-lib", "lib"), rawFile("d", "a file"),
		rawDirectory("empty"),
	))}}}, &heard{})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func imports(a *arena, from Image) []placed {
	of := func(add, to string, masks ...string) Import {
		step := Import{From: from, Name: "source", Add: add, To: to}
		for _, mask := range masks {
			if rest, is := strings.CutPrefix(mask, "-"); is {
				step.Exclude = append(step.Exclude, rest)
			} else {
				step.Include = append(step.Include, mask)
			}
		}
		return step
	}
	one := func(add, to string, masks ...string) []Step { return []Step{of(add, to, masks...)} }
	owned := func(add, to, owner, group string) []Step {
		step := of(add, to)
		step.Owner, step.Group = owner, group
		return []Step{step}
	}
	early, earlier := fmt.Sprint(testEpoch.Unix()-50), fmt.Sprint(testEpoch.Unix()-100)
	file := `"a" 4755 5:6 ` + early
	whole := func(at string) []string {
		return []string{at + "/ 750 5:6 " + earlier, at + "/a.js " + file, at + "/abs -> /etc/shadow", at + "/b.js = " + at + "/a.js 5:6 " + early, at + "/c -> a.js",
			at + "/deep/", at + "/deep/er/", at + `/deep/er/d.txt "d" user.kept="1"`, at + "/none/", at + "/none/at/", at + "/none/at/all/"}
	}
	inside := strings.Split(strings.TrimPrefix(a.canary, "/"), "/")
	var way []string
	for i := range inside {
		way = append(way, strings.Join(inside[:i+1], "/")+"/")
	}
	return []placed{
		{name: "a directory", steps: one("/lib", "/srv/lib"), want: append([]string{"srv/"}, whole("srv/lib")...)},
		{name: "a directory joins another", steps: one("/lib/deep", "/d", "er"), want: []string{"d/", "d/er/", `d/er/d.txt "d" user.kept="1"`}},
		{name: "a directory behind a link", steps: one("/bin", "/app/away"), want: []string{"d/", `d/tool "t"`}},
		{name: "a link to a directory is a link", steps: one("/to-lib", "/x"), want: []string{"x -> lib"}},
		{name: "what lies behind a link", steps: one("/to-lib/c", "/x"), want: []string{"x -> a.js"}},
		{name: "a file to a name", steps: one("/bin/tool", "/srv/t"), want: []string{"srv/", `srv/t "t"`}},
		{name: "a file into a directory", steps: one("/bin/tool", "/app/old"), want: []string{"app/ 700 7:8", "app/old/", `app/old/tool "t"`}},
		{name: "a file into a directory behind a link", steps: one("/bin/tool", "/app/away"), want: []string{"d/", `d/tool "t"`}},
		{name: "a file over a file", steps: one("/bin/tool", "/app/keep"), want: []string{"app/ 700 7:8", `app/keep "t"`}},
		{name: "a file over a link that leads out", steps: one("/bin/tool", "/leads-out"), want: []string{`leads-out "t"`}},
		{name: "a file whatever masks say", steps: one("/bin/tool", "/t", "nothing"), want: []string{`t "t"`}},
		{name: "another owner", steps: owned("/lib/deep", "/srv/deep", "app", "web"),
			want: []string{"srv/", "srv/deep/ 1000:33", "srv/deep/er/ 1000:33", `srv/deep/er/d.txt "d" 1000:33 user.kept="1"`}},
		{name: "another group of a file and its links", steps: owned("/lib/a.js", "/a.js", "", "web"), want: []string{`a.js "a" 4755 5:33 ` + early}},
		{name: "a user who is not there", steps: owned("/lib", "/x", "nobody", ""), fails: `importing /lib of source: the user "nobody" is not in /etc/passwd`},
		{name: "includes", steps: one("/lib", "/x", "*.js", "deep/**/*.txt"),
			want: []string{"x/ 750 5:6 " + earlier, "x/a.js " + file, "x/b.js = x/a.js 5:6 " + early, "x/deep/", "x/deep/er/", `x/deep/er/d.txt "d" user.kept="1"`}},
		{name: "excludes", steps: one("/lib", "/x", "-deep", "-*.js", "-abs"), want: []string{"x/ 750 5:6 " + earlier, "x/c -> a.js"}},
		{name: "one name of a file that has two", steps: one("/lib", "/x", "b.js"), want: []string{"x/ 750 5:6 " + earlier, "x/b.js " + file}},
		{name: "nothing that matches", steps: one("/lib", "/x", "*.py")},
		{name: "an empty directory", steps: one("/empty", "/x"), want: []string{"x/"}},
		{name: "an empty directory with masks", steps: one("/empty", "/x", "**")},
		{name: "empty directories that match", steps: one("/lib", "/x", "none", "c"), want: []string{"x/ 750 5:6 " + earlier, "x/c -> a.js"}},
		{name: "what belongs to the system", steps: one("/", "/x", "-lib", "-bin", "-leads-out", "-to-lib"),
			want: []string{"x/", `x/d "a file"`, "x/opt/", "x/opt/proc/", `x/opt/proc/x "x"`, "x/opt/run/", `x/opt/run/x "x"`}},
		{name: "a directory of the system", steps: one("/proc", "/x")},
		{name: "something in a directory of the system", steps: one("/run/x", "/x"), want: []string{`x "x"`}},
		{name: "what is not there", steps: one("/none", "/x"), fails: "^importing /none of source: there is no such path: correct `add` of the import$"},
		{name: "what is below a file", steps: one("/d/x", "/x"), fails: "there is no such path"},
		{name: "a mask that is none", steps: one("/lib", "/x", "[a"), fails: `pattern "\[a"`},
		{name: "a directory over a file", steps: one("/lib/deep", "/app/keep"),
			want: []string{"app/ 700 7:8", "app/keep/", "app/keep/er/", `app/keep/er/d.txt "d" user.kept="1"`}},
		{name: "a file over a directory with files", steps: one("/", "/", "d"), fails: "importing /d of source: /d is a directory with files there"},
		{name: "a file over an empty directory", steps: append(one("/empty", "/x/d"), one("/", "/x", "d")...), want: []string{"x/", `x/d "a file"`}},
		{name: "through a link that leads out", steps: one("/leads-out/secret", "/x"), fails: "there is no such path"},
		{name: "to a place behind a link that leads out", steps: one("/bin", "/leads-out"), want: append(slices.Clone(way), a.canary[1:]+`/tool "t"`)},
		{name: "to a place behind a link of dots that leads out", steps: one("/bin", "/leads-up/sub"),
			want: append(slices.Clone(way), a.canary[1:]+"/sub/", a.canary[1:]+`/sub/tool "t"`)},
		{name: "a place of dots", steps: one("/bin", "/../../x"), want: []string{"x/", `x/tool "t"`}},
		{name: "what was imported before", steps: append(one("/to-lib", "/y"), one("/bin", "/y")...), want: []string{"lib/", `lib/tool "t"`, "y -> lib"}},
		{name: "links among what was imported", steps: append(one("/lib", "/srv/a"), one("/lib/deep", "/srv/a/c")...), want: slices.Concat([]string{"srv/"},
			whole("srv/a")[:4], []string{"srv/a/c/", "srv/a/c/er/", `srv/a/c/er/d.txt "d" user.kept="1"`}, whole("srv/a")[5:])},
	}
}

func TestImportsAreTheSameHoweverTheyAreMade(t *testing.T) {
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		a := stageArena(t, driver)
		from := importSource(t, a)
		for _, one := range imports(a, from) {
			for name, steps := range map[string][]Step{"planned": one.steps, "with a command": append(slices.Clone(one.steps), idleCommand())} {
				t.Run(fmt.Sprintf("%s/%s/%s", driver, one.name, name), func(t *testing.T) {
					a.makes(t, steps, one.want, one.fails)
				})
			}
		}
	}
}

func TestAnImportOfNothingWarns(t *testing.T) {
	a := stageArena(t, "overlay")
	from := importSource(t, a)
	h := &heard{}
	_, err := a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: []Step{Import{From: from, Name: "source", Add: "/lib", To: "/x", Include: []string{"*.py"}}}}, h)
	if want := []string{"slipway: warning: nothing is imported: no file of source at /lib matches"}; err != nil || !slices.Equal(h.lines, want) {
		t.Errorf("%q, %v", h.lines, err)
	}
}

func TestAChecksumTellsWhatAnImportWouldTake(t *testing.T) {
	sums := map[string]bool{}
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		a := stageArena(t, driver)
		from := importSource(t, a)
		checked, err := a.Checksum(t.Context(), from, "/lib", []string{"c", "deep/er"}, nil)
		if err != nil || checked.Count != 5 || !checked.Found {
			t.Errorf("%s: %+v, %v", driver, checked, err)
		}
		content := sha256.Sum256([]byte("d"))
		want := ""
		for _, text := range []string{".", "dir", "0750", "", "c", "link", "0777", "a.js", "deep", "dir", "0755", "", "deep/er", "dir", "0755", "",
			"deep/er/d.txt", "file", "0644", hex.EncodeToString(content[:])} {
			want += fmt.Sprintf("%d:%s,", len(text), text)
		}
		if sum := sha256.Sum256([]byte(want)); checked.Sum != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %s, wanted %x", driver, checked.Sum, sum)
		}
		whole, err := a.Checksum(t.Context(), from, "/lib", nil, nil)
		sums[whole.Sum] = true
		if err != nil || whole.Count != 11 || len(sums) != 1 {
			t.Errorf("%s: %+v, %v", driver, whole, err)
		}
		for add, want := range map[string]Checked{"/nowhere": {}, "/bin/tool/x": {}, "/proc": {Found: true}, "/empty": {Found: true, Count: 1}, "/bin/tool": {Found: true, Count: 1}} {
			got, err := a.Checksum(t.Context(), from, add, nil, nil)
			if got.Sum = ""; err != nil || got != want {
				t.Errorf("%s: %s: %+v, %v", driver, add, got, err)
			}
		}
	}
}
