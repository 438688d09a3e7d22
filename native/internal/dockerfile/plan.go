package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
)

// defaultPath is where programs are looked for when a base image does not say.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// plan is a Dockerfile whose words are all known: what each stage does, and the configuration behind each instruction.
type plan struct {
	// stages are those that the target needs, in file order.
	stages []*plannedStage
	target *plannedStage
	// total counts instructions, those of FROM too.
	total int
}

// plannedStage is a stage that the target needs.
type plannedStage struct {
	stage
	text     string
	platform recipe.Platform
	// base is the stage it begins with; nil: image, which is the zero value for scratch.
	base  *plannedStage
	image recipe.Image
	// start is the configuration before the first instruction.
	start        imagespec.DockerOCIImage
	instructions []*instruction
	// uploads says that its layers are part of the target's image.
	uploads bool
}

// end is the configuration of the stage's image, without history.
func (s *plannedStage) end() imagespec.DockerOCIImage {
	if last := len(s.instructions) - 1; last >= 0 {
		return s.instructions[last].after
	}
	return s.start
}

// instruction is one that is expanded, and the situation it meets.
type instruction struct {
	command
	before, after imagespec.DockerOCIImage
	// args are those in force before it, and proxies variables for commands alone.
	args, proxies map[string]string
	// needs are numbers of what it reads from the context: one of COPY and ADD, one per bind mount of RUN.
	needs []int
	// sources are the stages and images it names.
	sources map[string]imageSource
}

// imageSource is a stage, or an image outside the file.
type imageSource struct {
	stage *plannedStage
	image recipe.Image
}

// planner makes a plan.
type planner struct {
	*source
	*images
	request Request
	args    arguments
	origins []origin
	stages  map[int]*plannedStage
	needs   int
	// noRun and noNetwork are those of the builder.
	noRun, noNetwork error
}

func (b *Builder) plan(ctx context.Context, request Request) (*plan, error) {
	s := readSource(request.Text)
	if err := s.problem(request.Name); err != nil {
		return nil, err
	}
	args := s.newArguments(protocol.DockerfileParse{BuildArgs: request.BuildArgs, Platform: request.Platform.String()})
	origins, platforms := s.bases(args)
	target, _ := s.target(request.Target)
	if err := s.problem(request.Name); err != nil {
		return nil, err
	}
	needed := s.closure(target, origins)
	p := &planner{source: s, request: request, args: args, origins: origins, stages: map[int]*plannedStage{},
		images: newImages(request.Base), noRun: b.NoRun, noNetwork: b.NoNetwork}
	if err := p.refuseImpossible(needed); err != nil {
		return nil, err
	}
	wanted, err := p.platforms(needed, platforms)
	if err != nil {
		return nil, err
	}
	if err := p.fetch(ctx, needed, wanted); err != nil {
		return nil, err
	}
	made := &plan{}
	for _, index := range needed {
		stage, err := p.stage(ctx, index, wanted[index])
		if err != nil {
			return nil, err
		}
		made.stages = append(made.stages, stage)
		made.total += 1 + len(stage.instructions)
	}
	made.target = p.stages[target]
	for stage := made.target; stage != nil; stage = stage.base {
		stage.uploads = true
	}
	return made, s.problem(request.Name)
}

// problem is the first thing that is wrong in the file; nil: nothing.
func (s *source) problem(name string) error {
	if len(s.problems) == 0 {
		return nil
	}
	first := s.problems[0]
	message := first.Message
	if first.Hint != "" {
		message += ": " + first.Hint
	}
	return &recipe.BuildError{Dockerfile: name, Line: first.Line, Cause: errors.New(message)}
}

// platforms finds what each stage is for: what its FROM says, else what its base is for, else what the image is for.
func (p *planner) platforms(needed []int, written []string) (map[int]recipe.Platform, error) {
	platforms := map[int]recipe.Platform{}
	for _, index := range needed {
		base, inherited := platforms[p.origins[index].stage]
		switch {
		case written[index] != "":
			parsed, err := recipe.ParsePlatform(written[index])
			if err != nil {
				return nil, p.failure(p.from(index), err)
			}
			platforms[index] = parsed
		case inherited:
			platforms[index] = base
		default:
			platforms[index] = p.request.Platform
		}
	}
	return platforms, nil
}

// stage plans one stage; those it needs are planned before.
func (p *planner) stage(ctx context.Context, index int, platform recipe.Platform) (*plannedStage, error) {
	made := &plannedStage{stage: p.source.stages[index], platform: platform, text: p.from(index).text}
	p.stages[index] = made
	if err := p.begin(ctx, made); err != nil {
		return nil, p.failure(p.from(index), err)
	}
	triggers := made.start.Config.OnBuild
	made.start.Config.OnBuild = nil
	state := made.start
	args := map[string]string{}
	inherited := true
	for _, command := range slices.Concat(p.readTriggers(triggers, made.line), made.commands) {
		planned, err := p.instruction(ctx, made, command, state, args)
		if err != nil {
			return nil, err
		}
		planned.after, err = configured(planned, inherited)
		if err != nil {
			return nil, p.failure(planned.command, err)
		}
		if _, isCmd := command.parsed.(*instructions.CmdCommand); isCmd {
			inherited = false
		}
		state = planned.after
		made.instructions = append(made.instructions, planned)
	}
	return made, nil
}

// begin finds what a stage starts from.
func (p *planner) begin(ctx context.Context, made *plannedStage) (err error) {
	base := p.origins[made.index]
	switch {
	case base.stage >= 0:
		made.base = p.stages[base.stage]
		made.start = made.base.end()
	case base.reference == scratch:
		made.start.OS, made.start.Architecture = made.platform.OS, made.platform.Architecture
		made.start.Variant = made.platform.Variant
		made.start.Config.Env = []string{"PATH=" + defaultPath}
	default:
		made.image, err = p.get(ctx, base.reference, made.platform.String())
		made.start = made.image.Configuration
	}
	made.start.History = nil
	return err
}

// instruction expands one, and finds what it reads. args changes with it.
func (p *planner) instruction(
	ctx context.Context, at *plannedStage, command command, state imagespec.DockerOCIImage, args map[string]string,
) (*instruction, error) {
	planned := &instruction{command: command, before: state, args: maps.Clone(args), proxies: p.proxies(args)}
	scope := variables{env: environment(state.Config.Env), args: args}
	if err := p.expandAll(command.parsed, scope); err != nil {
		return nil, p.failure(command, errors.New(plain(err)))
	}
	p.args.declare(command.parsed, scope)
	if err := p.possible(command); err != nil {
		return nil, err
	}
	if err := wrongMode(command.parsed); err != nil {
		return nil, p.failure(command, err)
	}
	if what := unsupported(command.parsed); what != "" {
		return nil, &Unsupported{Line: p.failure(command, nil).Line, What: what}
	}
	sources, _, mounts := contextOf(command.parsed)
	if len(sources) > 0 {
		mounts = []string{""}
	}
	for range mounts {
		planned.needs = append(planned.needs, p.needs)
		p.needs++
	}
	return planned, p.findSources(ctx, at, planned)
}

// expandAll expands what the parser leaves to others, too.
func (p *planner) expandAll(parsed instructions.Command, scope variables) error {
	expose, is := parsed.(*instructions.ExposeCommand)
	if !is {
		return p.expand(parsed, scope)
	}
	var ports []string
	for _, word := range expose.Ports {
		words, err := p.lexer.ProcessWords(word, scope)
		if err != nil {
			return err
		}
		ports = append(ports, words...)
	}
	expose.Ports = ports
	return nil
}

// findSources looks up the stages and images that an instruction copies from or mounts.
func (p *planner) findSources(ctx context.Context, at *plannedStage, planned *instruction) error {
	planned.sources = map[string]imageSource{}
	for _, name := range sourcesOf(planned.parsed) {
		from := p.originOf(name, at.index, true)
		if from.stage < 0 {
			if from.reference == scratch {
				planned.sources[name] = imageSource{}
				continue
			}
			image, err := p.get(ctx, from.reference, at.platform.String())
			if err != nil {
				return p.failure(planned.command, err)
			}
			planned.sources[name] = imageSource{image: image}
			continue
		}
		stage, isNeeded := p.stages[from.stage]
		if !isNeeded {
			// Only a trigger of a base image can name what the closure does not hold.
			return &Unsupported{What: fmt.Sprintf("ONBUILD %s of the base image", planned.text)}
		}
		planned.sources[name] = imageSource{stage: stage}
	}
	return nil
}

// failure says which instruction was wrong.
func (p *planner) failure(c command, err error) *recipe.BuildError {
	return failureOf(p.request.Name, c, err)
}

// from is a FROM as it is shown: what it names after substitution.
func (p *planner) from(index int) command {
	declared := p.source.stages[index]
	name := p.origins[index].reference
	if p.origins[index].stage >= 0 {
		name = declared.from.BaseName
	}
	text := "FROM " + name
	if declared.from.Name != "" {
		text += " AS " + declared.from.Name
	}
	return command{text: text, line: declared.line}
}

// environment reads an image's environment as a Dockerfile sees it.
func environment(pairs []string) map[string]string {
	known := map[string]string{"PATH": defaultPath}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		known[name] = value
	}
	return known
}
