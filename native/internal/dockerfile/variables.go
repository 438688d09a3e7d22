package dockerfile

import (
	"maps"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/protocol"
)

// variables are what `$NAME` stands for at one place of a file.
type variables struct {
	// env is set by ENV and by base images; it wins over arguments.
	env map[string]string
	// args are arguments declared by ARG.
	args map[string]string
}

// Get looks a variable up, as the shell lexer asks for it.
func (v variables) Get(name string) (string, bool) {
	if value, known := v.env[name]; known {
		return value, true
	}
	value, known := v.args[name]
	return value, known
}

// Keys lists what is known, sorted.
func (v variables) Keys() []string {
	keys := slices.Collect(maps.Keys(v.env))
	for name := range v.args {
		if _, known := v.env[name]; !known {
			keys = append(keys, name)
		}
	}
	slices.Sort(keys)
	return keys
}

// arguments are what ARG may declare: given ones, those before the first FROM, and the predefined ones.
type arguments struct {
	given, predefined, meta map[string]string
}

// newArguments evaluates the ARG lines before the first FROM.
func (s *source) newArguments(request protocol.DockerfileParse) arguments {
	args := arguments{
		given:      map[string]string{},
		predefined: platformArguments(request.Platform),
		meta:       map[string]string{},
	}
	for _, pair := range request.BuildArgs {
		args.given[pair.Name] = pair.Value
	}
	for _, line := range s.metaArgs {
		scope := variables{args: args.global()}
		if err := line.Expand(s.expander(scope)); err != nil {
			s.report(syntaxProblem, line.Location()[0].Start.Line, plain(err), "")
		}
		for _, arg := range line.Args {
			if value, known := args.value(arg, false); known {
				args.meta[arg.Key] = value
			}
		}
	}
	return args
}

// global is what FROM sees.
func (a arguments) global() map[string]string {
	known := maps.Clone(a.predefined)
	maps.Copy(known, a.meta)
	return known
}

// value is what an ARG line gives its name. @ inStage: those before the first FROM are defaults there.
func (a arguments) value(arg instructions.KeyValuePairOptional, inStage bool) (string, bool) {
	if value, known := a.given[arg.Key]; known {
		return value, true
	}
	if arg.Value != nil {
		return *arg.Value, true
	}
	if value, known := a.meta[arg.Key]; known && inStage {
		return value, true
	}
	value, known := a.predefined[arg.Key]
	return value, known
}

// declare lets an ARG or an ENV, expanded, change what instructions behind it see.
func (a arguments) declare(parsed instructions.Command, scope variables) {
	switch typed := parsed.(type) {
	case *instructions.ArgCommand:
		for _, arg := range typed.Args {
			if value, known := a.value(arg, true); known {
				scope.args[arg.Key] = value
			}
		}
	case *instructions.EnvCommand:
		for _, pair := range typed.Env {
			scope.env[pair.Key] = pair.Value
		}
	}
}

func platformArguments(platform string) map[string]string {
	known := map[string]string{}
	add := func(prefix, platform string) {
		system, machine, _ := strings.Cut(platform, "/")
		architecture, variant, _ := strings.Cut(machine, "/")
		known[prefix+"PLATFORM"], known[prefix+"OS"] = platform, system
		known[prefix+"ARCH"], known[prefix+"VARIANT"] = architecture, variant
	}
	add("TARGET", platform)
	add("BUILD", runtime.GOOS+"/"+runtime.GOARCH)
	return known
}

// expander substitutes variables in one word, quotes removed.
func (s *source) expander(scope variables) instructions.SingleWordExpander {
	return func(word string) (string, error) {
		expanded, _, err := s.lexer.ProcessWord(word, scope)
		return expanded, err
	}
}

// rawExpander substitutes variables and leaves all else as it is, for heredocs.
func (s *source) rawExpander(scope variables) instructions.SingleWordExpander {
	lexer := *s.lexer
	lexer.RawQuotes, lexer.RawEscapes = true, true
	return func(word string) (string, error) {
		expanded, _, err := lexer.ProcessWord(word, scope)
		return expanded, err
	}
}

// expand substitutes variables in an instruction, in place.
func (s *source) expand(parsed instructions.Command, scope variables) error {
	if typed, can := parsed.(instructions.SupportsSingleWordExpansion); can {
		if err := typed.Expand(s.expander(scope)); err != nil {
			return err
		}
	}
	if typed, can := parsed.(instructions.SupportsSingleWordExpansionRaw); can {
		return typed.ExpandRaw(s.rawExpander(scope))
	}
	return nil
}
