package dockerfile

import (
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/protocol"
)

const scratch = "scratch"

// evaluated is a stage after all its instructions.
type evaluated struct {
	env map[string]string
	// triggers are the ONBUILD expressions that a stage based on this one runs.
	triggers []string
}

// reading is one run over the stages that a target needs.
type reading struct {
	*source
	args      arguments
	origins   []origin
	positions map[int]int
	done      map[int]evaluated
	known     map[string]protocol.BaseImage
	answer    *protocol.DockerfileParsed
}

// Parse reads a Dockerfile for a target. What is wrong in it is part of the answer.
func Parse(request protocol.DockerfileParse) protocol.DockerfileParsed {
	s := readSource(request.Text)
	answer := protocol.DockerfileParsed{}
	if len(s.problems) == 0 {
		s.parseTarget(request, &answer)
	}
	answer.Problems = s.problems
	return answer
}

func (s *source) parseTarget(request protocol.DockerfileParse, answer *protocol.DockerfileParsed) {
	args := s.newArguments(request)
	origins, platforms := s.bases(args)
	target, found := s.target(request.Target)
	if !found || len(s.problems) > 0 {
		return
	}
	answer.TargetIndex, answer.TargetName = target, s.stages[target].from.Name
	needed := s.closure(target, origins)
	r := reading{source: s, args: args, origins: origins, positions: map[int]int{}, done: map[int]evaluated{},
		known: map[string]protocol.BaseImage{}, answer: answer}
	for _, base := range request.Bases {
		r.known[base.Reference] = base
	}
	for position, index := range needed {
		r.positions[index] = position
	}
	for _, index := range needed {
		answer.Stages = append(answer.Stages, r.stage(index, platforms[index]))
	}
}

func (r *reading) stage(index int, platform string) protocol.DockerfileStage {
	declared := &r.stages[index]
	base := r.origins[index]
	result := protocol.DockerfileStage{Index: index, Name: declared.from.Name, Line: declared.line, BaseStage: -1, Platform: platform}
	start := evaluated{env: map[string]string{}}
	switch {
	case base.stage >= 0:
		result.BaseKind, result.BaseStage = protocol.DockerfileStageBaseKindStage, base.stage
		start = r.done[base.stage]
	case base.reference == scratch:
		result.BaseKind = protocol.DockerfileStageBaseKindScratch
	default:
		result.BaseKind, result.BaseReference = protocol.DockerfileStageBaseKindReference, base.reference
		start = r.external(base.reference)
	}
	commands := append(r.readTriggers(start.triggers, declared.line), declared.commands...)
	scope := variables{env: maps.Clone(start.env), args: map[string]string{}}
	var triggers []string
	for _, command := range commands {
		result.Instructions = append(result.Instructions, r.instruction(command, index, scope))
		if onBuild, is := command.parsed.(*instructions.OnbuildCommand); is {
			triggers = append(triggers, onBuild.Expression)
		}
	}
	r.done[index] = evaluated{env: scope.env, triggers: triggers}
	return result
}

// external gives what is known of a base image outside the file, or asks for it.
func (r *reading) external(reference string) evaluated {
	base, known := r.known[reference]
	if !known && !slices.Contains(r.answer.MissingBases, reference) {
		r.answer.MissingBases = append(r.answer.MissingBases, reference)
	}
	env := map[string]string{}
	for _, pair := range base.Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return evaluated{env: env, triggers: base.OnBuild}
}

// instruction substitutes variables, and lets ARG and ENV change `scope` for what follows.
func (r *reading) instruction(c command, stageIndex int, scope variables) protocol.DockerfileInstruction {
	name := strings.ToUpper(c.parsed.Name())
	result := protocol.DockerfileInstruction{Name: name, Text: c.text, Line: c.line, OnBuild: c.onBuild}
	if err := r.expand(c.parsed, scope); err != nil {
		r.report(syntaxProblem, c.line, name+": "+plain(err), "")
		return result
	}
	r.args.declare(c.parsed, scope)
	r.checkSources(c, stageIndex)
	result.Words = r.words(c, stageIndex)
	result.ContextSources, result.ContextExcludes, result.ContextMounts = contextOf(c.parsed)
	if len(result.ContextSources)+len(result.ContextMounts) > 0 {
		r.answer.UsesContext = true
	}
	return result
}

// checkSources refuses to copy from a stage that comes later, which would silently mean an image of that name.
func (r *reading) checkSources(c command, stageIndex int) {
	for _, name := range sourcesOf(c.parsed) {
		if r.originOf(name, stageIndex, true).stage >= 0 {
			continue
		}
		if later := r.originOf(name, len(r.stages), false); later.stage >= stageIndex {
			r.report(stageProblem, c.line, "stage "+name+" is used before it is defined",
				"move its FROM above this stage")
		}
	}
}
