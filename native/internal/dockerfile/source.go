package dockerfile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"slipway.dev/engine/internal/protocol"
)

// Codes of problems.
const (
	syntaxProblem = "DOCKERFILE_SYNTAX"
	targetProblem = "DOCKERFILE_TARGET"
	stageProblem  = "DOCKERFILE_STAGE"
)

// command is one instruction as parsed, with the text it came from.
type command struct {
	parsed  instructions.Command
	text    string
	line    int
	flags   []string
	onBuild bool
}

// stage is what stands from one FROM to the next.
type stage struct {
	index    int
	from     *instructions.Stage
	line     int
	commands []command
}

// source is a Dockerfile cut into its stages.
type source struct {
	metaArgs []*instructions.ArgCommand
	stages   []stage
	lexer    *shell.Lex
	problems []protocol.DockerfileProblem
}

func (s *source) report(code string, line int, message, hint string) {
	s.problems = append(s.problems, protocol.DockerfileProblem{Code: code, Line: line, Message: message, Hint: hint})
}

// readSource parses a whole file. Instructions that are wrong become problems, and reading goes on behind them.
func readSource(text string) *source {
	s := &source{lexer: shell.NewLex('\\')}
	result, err := parser.Parse(strings.NewReader(text))
	if err != nil {
		s.report(syntaxProblem, lineOf(err), plain(err), "")
		return s
	}
	s.lexer = shell.NewLex(result.EscapeToken)
	for _, node := range result.AST.Children {
		s.add(node)
	}
	if len(s.stages) == 0 && len(s.problems) == 0 {
		s.report(syntaxProblem, 1, "the Dockerfile has no FROM instruction", "")
	}
	return s
}

func (s *source) add(node *parser.Node) {
	parsed, err := instructions.ParseInstruction(node)
	if err != nil {
		s.report(syntaxProblem, node.StartLine, plain(err), "")
		return
	}
	switch typed := parsed.(type) {
	case *instructions.Stage:
		s.stages = append(s.stages, stage{index: len(s.stages), from: typed, line: node.StartLine})
	case instructions.Command:
		if len(s.stages) > 0 {
			last := &s.stages[len(s.stages)-1]
			last.commands = append(last.commands, commandOf(typed, node, false))
			return
		}
		if arg, isArg := typed.(*instructions.ArgCommand); isArg {
			s.metaArgs = append(s.metaArgs, arg)
			return
		}
		s.report(syntaxProblem, node.StartLine, fmt.Sprintf("%s stands before the first FROM: only ARG may", strings.ToUpper(typed.Name())), "")
	}
}

func commandOf(parsed instructions.Command, node *parser.Node, onBuild bool) command {
	text := node.Original
	for _, heredoc := range node.Heredocs {
		text += "\n" + heredoc.Content + heredoc.Name
	}
	return command{parsed: parsed, text: text, line: node.StartLine, flags: node.Flags, onBuild: onBuild}
}

// readTriggers parses what ONBUILD of a base adds at the start of a stage.
func (s *source) readTriggers(expressions []string, line int) []command {
	var commands []command
	for _, expression := range expressions {
		result, err := parser.Parse(strings.NewReader(expression))
		if err != nil {
			s.report(syntaxProblem, line, fmt.Sprintf("ONBUILD %s of the base image: %s", expression, plain(err)), "")
			continue
		}
		for _, node := range result.AST.Children {
			parsed, err := instructions.ParseCommand(node)
			if err != nil {
				s.report(syntaxProblem, line, fmt.Sprintf("ONBUILD %s of the base image: %s", expression, plain(err)), "")
				continue
			}
			trigger := commandOf(parsed, node, true)
			trigger.line = line
			commands = append(commands, trigger)
		}
	}
	return commands
}

// lineOf finds where an error of the parser stands; 0: unknown.
func lineOf(err error) int {
	var located *parser.LocationError
	if errors.As(err, &located) && len(located.Locations) > 0 && len(located.Locations[0]) > 0 {
		return located.Locations[0][0].Start.Line
	}
	return 0
}

// plain drops what the parser says about the line, which is told apart.
func plain(err error) string {
	text := err.Error()
	if rest, found := strings.CutPrefix(text, "dockerfile parse error on line "); found {
		if _, message, cut := strings.Cut(rest, ": "); cut {
			return message
		}
	}
	return text
}
