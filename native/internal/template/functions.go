package template

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"go.yaml.in/yaml/v3"
)

const (
	// deepestInclude is how many includes may be inside each other.
	deepestInclude = 1000
	// longestList is how many elements a function may count out, longestText how many bytes it may make.
	longestList = 1_000_000
	longestText = 64 << 20
)

// run is one rendering.
type run struct {
	ctx     context.Context
	host    Host
	debug   bool
	set     *template.Template
	depth   int
	texts   int
	used    map[string]bool
	origins *origins
}

func (r *run) functions() template.FuncMap {
	functions := sprig.TxtFuncMap()
	delete(functions, "expandenv")
	r.limit(functions)
	for _, name := range changing {
		functions[name] = r.remember(name, functions[name])
	}
	own := template.FuncMap{
		"env":           r.env,
		"required":      required,
		"include":       r.include,
		"tpl":           r.tpl,
		"fromYaml":      fromYaml,
		"toYaml":        toYaml,
		"include_debug": r.includeDebug,
		"tpl_debug":     r.tplDebug,
		"printf_debug":  r.printfDebug,
		"dump_debug":    r.dumpDebug,
	}
	maps.Copy(functions, own)
	return functions
}

// limit keeps functions from filling the memory.
func (r *run) limit(functions template.FuncMap) {
	until, untilStep := functions["until"].(func(int) []int), functions["untilStep"].(func(int, int, int) []int)
	functions["until"] = func(count int) ([]int, error) {
		if count > longestList || count < -longestList {
			return nil, tooMany(count)
		}
		return until(count), nil
	}
	functions["untilStep"] = func(start, stop, step int) ([]int, error) {
		if step != 0 && (stop-start)/step > longestList {
			return nil, tooMany((stop - start) / step)
		}
		return untilStep(start, stop, step), nil
	}
	functions["repeat"] = func(count int, text string) (string, error) {
		if count < 0 {
			return "", fmt.Errorf("cannot repeat %d times", count)
		}
		if len(text) > 0 && count > longestText/len(text) {
			return "", fmt.Errorf("a text of %d times %d bytes is too long", count, len(text))
		}
		return strings.Repeat(text, count), nil
	}
	for _, name := range []string{"indent", "nindent"} {
		function := functions[name].(func(int, string) string)
		functions[name] = func(spaces int, text string) (string, error) {
			if spaces < 0 || spaces > 1000 {
				return "", fmt.Errorf("cannot indent by %d spaces", spaces)
			}
			return function(spaces, text), nil
		}
	}
}

func tooMany(count int) error {
	return fmt.Errorf("a list of %d elements is too long: at most %d", count, longestList)
}

func (r *run) env(name string, more ...string) (string, error) {
	switch len(more) {
	case 0:
		return r.host.Env(name, nil)
	case 1:
		return r.host.Env(name, &more[0])
	}
	return "", errors.New("expected a name and at most one default")
}

func required(message string, value any) (any, error) {
	if text, isText := value.(string); value == nil || isText && text == "" {
		return value, errors.New(message)
	}
	return value, nil
}

func (r *run) include(name string, data any) (string, error) {
	return r.execute(r.set, name, data)
}

// execute keeps where the parts of the result came from, in case it is printed as it is.
func (r *run) execute(set *template.Template, name string, data any) (string, error) {
	if r.depth >= deepestInclude {
		return "", fmt.Errorf("templates include each other more than %d times deep", deepestInclude)
	}
	r.depth++
	defer func() { r.depth-- }()
	if set.Lookup(name) == nil {
		return "", fmt.Errorf("there is no template %q: it is neither a file of the folder of templates nor defined in one", name)
	}
	out := r.origins.writer(r.ctx)
	if err := set.ExecuteTemplate(out, name, data); err != nil {
		return "", err
	}
	r.origins.keep(out)
	return out.text(), nil
}

// tpl executes a text with all functions and definitions; what it defines itself ends with it.
func (r *run) tpl(text string, data any) (string, error) {
	clone, err := r.set.Clone()
	if err != nil {
		return "", err
	}
	r.texts++
	name := fmt.Sprintf("tpl(%d)", r.texts)
	if _, err := clone.New(name).Parse(text); err != nil {
		return "", err
	}
	outer := r.set
	r.set = clone
	defer func() { r.set = outer }()
	return r.execute(clone, name, data)
}

func fromYaml(text string) (any, error) {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return nil, err
	}
	return value, nil
}

func toYaml(value any) (string, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}

func (r *run) includeDebug(name string, data any) (string, error) {
	result, err := r.include(name, data)
	if r.debug {
		r.tell("include "+name, r.definition(name), result, err)
	}
	return result, err
}

func (r *run) tplDebug(text string, data any) (string, error) {
	result, err := r.tpl(text, data)
	if r.debug {
		r.tell("tpl", text, result, err)
	}
	return result, err
}

func (r *run) definition(name string) string {
	if found := r.set.Lookup(name); found != nil && found.Tree != nil {
		return found.Root.String()
	}
	return ""
}

func (r *run) tell(what, text, result string, err error) {
	outcome := "result:\n" + result
	if err != nil {
		outcome = "error: " + err.Error()
	}
	r.host.Debug(fmt.Sprintf("%s:\n%s\n%s", what, text, outcome))
}

func (r *run) printfDebug(format string, values ...any) string {
	if r.debug {
		r.host.Debug(fmt.Sprintf(format, values...))
	}
	return ""
}

func (r *run) dumpDebug(value any) string {
	if r.debug {
		text, err := toYaml(value)
		if err != nil {
			text = fmt.Sprintf("%+v", value)
		}
		r.host.Debug(fmt.Sprintf("%T\n%s", value, text))
	}
	return ""
}
