package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openshift/imagebuilder/dockerfile/parser"
)

// position follows a build through its Dockerfile by the instructions it announces.
type position struct {
	nodes []*parser.Node
	next  int
	// total counts the instructions of the stages, for display.
	total int
	done  int

	instruction string
	line        int
}

// newPosition parses the Dockerfile. Instructions of a base image's ONBUILD are not in it.
func newPosition(dockerfile, name string) (*position, error) {
	result, err := parser.Parse(strings.NewReader(dockerfile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	nodes := result.AST.Children
	return &position{nodes: nodes, total: len(nodes)}, nil
}

// enter takes note of an instruction as the library announces it: FROM expanded, others as written.
func (p *position) enter(announced string) {
	p.done++
	p.instruction, p.line = announced, 0
	if index := p.find(announced); index >= 0 {
		p.next = index + 1
		p.line = p.nodes[index].StartLine
		if !strings.HasPrefix(announced, "FROM ") {
			p.instruction = p.nodes[index].Original
		}
	}
}

// find looks forward from the last instruction, then from the top: stages may run in another order than written.
func (p *position) find(announced string) int {
	matches := func(node *parser.Node) bool { return isInstruction(node, announced) }
	if index := slices.IndexFunc(p.nodes[p.next:], matches); index >= 0 {
		return p.next + index
	}
	return slices.IndexFunc(p.nodes[:p.next], matches)
}

func isInstruction(node *parser.Node, announced string) bool {
	if from, isFrom := strings.CutPrefix(announced, "FROM "); isFrom {
		return strings.EqualFold(node.Value, "from") && strings.EqualFold(stageName(node.Original), stageName(from))
	}
	if node.Original == announced {
		return true
	}
	// The first line of a here-document follows in parentheses.
	return len(node.Heredocs) > 0 && strings.HasPrefix(announced, node.Original+" (")
}

// stageName is the word after AS; empty: the stage has none.
func stageName(from string) string {
	words := strings.Fields(from)
	if count := len(words); count >= 3 && strings.EqualFold(words[count-2], "as") {
		return words[count-1]
	}
	return ""
}
