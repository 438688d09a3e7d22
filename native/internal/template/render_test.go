package template

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

type fakeHost struct {
	texts map[string]string
	env   map[string]string
	told  []string
}

func (h *fakeHost) Get(path string) (string, error) {
	if text, ok := h.texts[path]; ok {
		return text, nil
	}
	return "", fmt.Errorf("%s not found", path)
}

func (h *fakeHost) Glob(pattern string) (map[string]string, error) { return h.texts, nil }
func (h *fakeHost) Exists(path string) (bool, error)               { return h.texts[path] != "", nil }
func (h *fakeHost) IsDir(path string) (bool, error)                { return path == "dir", nil }
func (h *fakeHost) Debug(text string)                              { h.told = append(h.told, text) }

func (h *fakeHost) Env(name string, fallback *string) (string, error) {
	if value, ok := h.env[name]; ok {
		return value, nil
	}
	if fallback != nil {
		return *fallback, nil
	}
	return "", fmt.Errorf("env name %q not allowed by giterminism", name)
}

func rendered(t *testing.T, host Host, main string, more ...File) Rendered {
	t.Helper()
	files := append(more, File{"werf.yaml", main})
	commit := Commit{Hash: "c0ffee", Unix: "1700000000", Human: "2023-11-14 22:13:20 +0000 UTC"}
	got, err := Render(context.Background(), Request{Files: files, Main: "werf.yaml", Env: "test", Commit: commit}, host)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRendersAsTemplatesDo(t *testing.T) {
	host := &fakeHost{texts: map[string]string{"b": "B", "a": "A"}, env: map[string]string{"SET": "", "USER": "me"}}
	part := File{"sub/a.tmpl", `{{ define "x" }}[{{ .Env }}]{{ end }}`}
	for main, want := range map[string]string{
		`{{ .Env }} {{ .Commit.Hash }} {{ .Commit.Date.Unix }} {{ .Commit.Date.Human }}`: "test c0ffee 1700000000 2023-11-14 22:13:20 +0000 UTC",
		`{{ .Nothing }}`: "<no value>",
		`{{ range $path, $text := .Files.Glob "*" }}{{ $path }}={{ $text }};{{ end }}`: "a=A;b=B;",
		`{{ .Files.Get "a" }}{{ .Files.Exists "zz" }}{{ .Files.IsDir "dir" }}`:         "Afalsetrue",
		`{{ include "x" . | indent 2 }}`:                                               "  [test]",
		`{{ template "x" . }}`:                                                         "[test]",
		`{{ tpl "{{ include \"x\" . }}{{ .Env | upper }}" . }}`:                        "[test]TEST",
		`{{ tpl "{{ define \"y\" }}Y{{ end }}{{ include \"y\" . }}" . }}`:              "Y",
		`{{ env "USER" }}{{ env "SET" "other" }}{{ env "UNSET" "else" }}`:              "meelse",
		`{{ required "why" "v" }}`:                                                     "v",
		`{{ $a := fromYaml "a: [1, x]\nb: {c: 2.5}" }}{{ index $a.a 0 }}{{ $a.b.c }}`:  "12.5",
		`{{ range fromYaml "[1, 2]" }}{{ . }},{{ end }}`:                               "1,2,",
		`{{ dict "a" (list 1 "x") | toYaml }}`:                                         "a:\n  - 1\n  - x",
		`{{ printf_debug "%d" 1 }}{{ dump_debug . }}{{ include_debug "x" . }}`:         "[test]",
		`{{ block "z" . }}default{{ end }}{{ join "," (until 3) }}`:                    "default0,1,2",
	} {
		if got := rendered(t, host, main, part); got.Text != want || len(got.Problems) > 0 {
			t.Errorf("%s: %q %v, wanted %q", main, got.Text, got.Problems, want)
		}
	}
	if len(host.told) > 0 {
		t.Errorf("debug functions spoke: %q", host.told)
	}
}

func TestALaterDefinitionWins(t *testing.T) {
	got := rendered(t, &fakeHost{}, `{{ template "x" }}`, File{"a.tmpl", `{{ define "x" }}a{{ end }}`}, File{"b.tmpl", `{{ define "x" }}b{{ end }}`})
	if got.Text != "b" {
		t.Error(got.Text)
	}
}

func TestProblemsHaveTheirPlace(t *testing.T) {
	part := File{"sub/a.tmpl", "{{ define \"x\" }}\nsome {{ required \"say it\" .Missing }}{{ end }}"}
	for main, want := range map[string]Problem{
		"a\nb {{ nope }}":                {`function "nope" not defined`, "werf.yaml", 2, 6},
		"a\n{{ if }}":                    {`missing value for if`, "werf.yaml", 2, 1},
		"{{ range . }}":                  {`unexpected EOF`, "werf.yaml", 1, 1},
		"k: {{ env \"X\" }}":             {`executing "werf.yaml" at <env "X">: error calling env: env name "X" not allowed by giterminism`, "werf.yaml", 1, 7},
		"\n{{ include \"x\" . }}":        {`executing "werf.yaml" at <include "x" .>: error calling include: template: sub/a.tmpl:2:8: executing "x" at <required "say it" .Missing>: error calling required: say it`, "sub/a.tmpl", 2, 9},
		"{{ include \"no\" . }}":         {`executing "werf.yaml" at <include "no" .>: error calling include: there is no template "no": it is neither a file of the folder of templates nor defined in one`, "werf.yaml", 1, 4},
		"{{ until 2000000000 }}":         {`executing "werf.yaml" at <until 2000000000>: error calling until: a list of 2000000000 elements is too long: at most 1000000`, "werf.yaml", 1, 4},
		"{{ repeat 2000000000 \"ab\" }}": {`executing "werf.yaml" at <repeat 2000000000 "ab">: error calling repeat: a text of 2000000000 times 2 bytes is too long`, "werf.yaml", 1, 4},
		"{{ tpl \"{{ nope }}\" . }}":     {`executing "werf.yaml" at <tpl "{{ nope }}" .>: error calling tpl: template: tpl(1):1: function "nope" not defined`, "werf.yaml", 1, 4},
	} {
		got := rendered(t, &fakeHost{}, main, part)
		if len(got.Problems) != 1 || got.Problems[0] != want || got.Text != "" {
			t.Errorf("%q: %+v\n  wanted %+v", main, got.Problems, want)
		}
	}
}

func TestAllFilesThatCannotBeParsedAreTold(t *testing.T) {
	got := rendered(t, &fakeHost{}, "{{ end }}", File{"a.tmpl", "{{ if"}, File{"b.tmpl", "ok"})
	if len(got.Problems) != 2 || got.Problems[0].File != "a.tmpl" || got.Problems[1].File != "werf.yaml" {
		t.Errorf("%+v", got.Problems)
	}
}

func TestIncludesEndSomewhere(t *testing.T) {
	got := rendered(t, &fakeHost{}, `{{ include "x" . }}`, File{"a.tmpl", `{{ define "x" }}{{ include "x" . }}{{ end }}`})
	if len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Message, "more than 1000 times deep") {
		t.Errorf("%+v", got.Problems)
	}
}

func TestLinesThatCameUnchanged(t *testing.T) {
	main := "one\n{{- if true }}\ntwo\nn: {{ .Env }}\n{{- end }}\n{{ include \"x\" . }}\nlast\n"
	got := rendered(t, &fakeHost{}, main, File{"p.tmpl", "{{ define \"x\" }}\ninner\nmade {{ .Env }}\n{{ end }}"})
	lines := strings.Split(got.Text, "\n")
	told := map[string]string{}
	for _, each := range got.Lines {
		for i := range each.Count {
			told[lines[each.First+i-1]] = fmt.Sprintf("%s:%d", each.File, each.Line+i)
		}
	}
	for line, want := range map[string]string{"one": "", "two": "werf.yaml:3", "n: test": "", "inner": "p.tmpl:2", "made test": "", "last": "werf.yaml:7"} {
		if got := told[line]; got != want && !(line == "one" && got == "werf.yaml:1") {
			t.Errorf("%q came from %q, wanted %q", line, got, want)
		}
	}
}

func TestWarnsOfWhatIsNotTheSameTomorrow(t *testing.T) {
	got := rendered(t, &fakeHost{}, "a\n{{ now | date \"2006\" | len }}{{ if false }}{{ uuidv4 }}{{ end }}\n{{ .Commit.Hash }}")
	want := []Warning{{CommitInText, ".Commit.Hash", "werf.yaml", 3}, {Changing, "now", "werf.yaml", 2}}
	if fmt.Sprint(got.Warnings) != fmt.Sprint(want) {
		t.Errorf("%+v", got.Warnings)
	}
	if got := rendered(t, &fakeHost{}, `{{ tpl "{{ now | date \"2006\" }}" . | len }}`); len(got.Warnings) != 1 {
		t.Errorf("%+v", got.Warnings)
	}
}

func TestDebugFunctionsSpeakWhenAsked(t *testing.T) {
	host := &fakeHost{}
	main := `{{ define "x" }}y{{ end }}{{ include_debug "x" . }}{{ tpl_debug "z" . }}{{ printf_debug "n=%d" 3 }}{{ dump_debug (list 1) }}`
	got, err := Render(context.Background(), Request{Files: []File{{"m", main}}, Main: "m", Debug: true}, host)
	if err != nil || got.Text != "yz" {
		t.Error(got, err)
	}
	want := []string{"include x:\ny\nresult:\ny", "tpl:\nz\nresult:\nz", "n=3", "[]interface {}\n- 1"}
	if strings.Join(host.told, "|") != strings.Join(want, "|") {
		t.Errorf("%q", host.told)
	}
}

func TestEndlessTemplatesCanBeStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	endless := Request{Files: []File{{"m", `{{ range 4000000000 }}{{ end }}`}}, Main: "m"}
	if _, err := Render(ctx, endless, &fakeHost{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
