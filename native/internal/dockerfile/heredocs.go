package dockerfile

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// withHeredocs is the command line of a RUN with its here-documents. A single one that is all of the line is the command;
// where it begins with #! it is a program, and the name of its file comes with it. Others are left to the shell.
func withHeredocs(line instructions.ShellDependantCmdLine) (words []string, script, name string) {
	if len(line.Files) == 0 || len(line.CmdLine) == 0 {
		return line.CmdLine, "", ""
	}
	first := line.Files[0]
	if parser.MustParseHeredoc(line.CmdLine[0]) == nil {
		var text strings.Builder
		text.WriteString(line.CmdLine[0])
		for _, file := range line.Files {
			text.WriteString("\n" + file.Data + file.Name)
		}
		return []string{text.String()}, "", ""
	}
	data := first.Data
	if first.Chomp {
		data = parser.ChompHeredocContent(data)
	}
	if strings.HasPrefix(data, "#!") {
		return nil, data, first.Name
	}
	return []string{data}, "", ""
}
