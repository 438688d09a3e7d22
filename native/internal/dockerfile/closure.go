package dockerfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// origin says what a FROM or a `from` names: an earlier stage, nothing, or an image.
type origin struct {
	stage     int // -1: none
	reference string
}

// bases finds for every stage what its FROM names after substitution, and its platform.
func (s *source) bases(args arguments) (origins []origin, platforms []string) {
	expand := s.expander(variables{args: args.global()})
	for i := range s.stages {
		from := s.stages[i].from
		name, err := expand(from.BaseName)
		if err == nil && name == "" {
			err = fmt.Errorf("base name (%s) is empty: is the ARG given before the first FROM?", from.BaseName)
		}
		platform, platformErr := expand(from.Platform)
		for _, problem := range []error{err, platformErr} {
			if problem != nil {
				s.report(syntaxProblem, s.stages[i].line, "FROM: "+plain(problem), "")
			}
		}
		platforms = append(platforms, platform)
		origins = append(origins, s.originOf(name, i, false))
	}
	return origins, platforms
}

// originOf resolves a name used in a stage. Only earlier stages count.
func (s *source) originOf(name string, before int, byNumber bool) origin {
	for i := before - 1; i >= 0; i-- {
		if strings.EqualFold(s.stages[i].from.Name, name) && name != "" {
			return origin{stage: i}
		}
	}
	if number, err := strconv.Atoi(name); err == nil && byNumber {
		if number >= 0 && number < before {
			return origin{stage: number}
		}
	}
	return origin{stage: -1, reference: name}
}

// target finds the stage to build by name or index; the last one without a name.
func (s *source) target(name string) (int, bool) {
	if name == "" {
		return len(s.stages) - 1, true
	}
	for i := range s.stages {
		if strings.EqualFold(s.stages[i].from.Name, name) {
			return i, true
		}
	}
	if number, err := strconv.Atoi(name); err == nil && number >= 0 && number < len(s.stages) {
		return number, true
	}
	s.report(targetProblem, 0, fmt.Sprintf("the Dockerfile has no stage %q", name), "its stages are: "+s.stageNames())
	return 0, false
}

func (s *source) stageNames() string {
	var names []string
	for i := range s.stages {
		if name := s.stages[i].from.Name; name != "" {
			names = append(names, name)
		} else {
			names = append(names, strconv.Itoa(i))
		}
	}
	return strings.Join(names, ", ")
}

// closure lists the stages that the target needs, in file order.
func (s *source) closure(target int, origins []origin) []int {
	needed := map[int]bool{}
	var visit func(int)
	visit = func(index int) {
		if needed[index] {
			return
		}
		needed[index] = true
		if base := origins[index].stage; base >= 0 {
			visit(base)
		}
		for _, command := range s.stages[index].commands {
			for _, name := range sourcesOf(command.parsed) {
				if from := s.originOf(name, index, true); from.stage >= 0 {
					visit(from.stage)
				}
			}
		}
	}
	visit(target)
	var list []int
	for index := range needed {
		list = append(list, index)
	}
	slices.Sort(list)
	return list
}

// sourcesOf lists the names in `--from` and `from=` of an instruction.
func sourcesOf(parsed instructions.Command) []string {
	switch typed := parsed.(type) {
	case *instructions.CopyCommand:
		if typed.From != "" {
			return []string{typed.From}
		}
	case *instructions.RunCommand:
		var names []string
		for _, mount := range instructions.GetMounts(typed) {
			if mount.From != "" {
				names = append(names, mount.From)
			}
		}
		return names
	}
	return nil
}
