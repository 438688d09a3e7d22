package template

import (
	"regexp"
	"strconv"
	"strings"
)

// Problem is why a set cannot be rendered.
type Problem struct {
	// Message is what text/template says, without the place.
	Message string
	// File is the name of a template file, or the text of a `tpl`.
	File string
	// Line and Column count from 1; 0: not known.
	Line, Column int
}

var place = regexp.MustCompile(`template: (tpl\(\d+\)|[^:\s]+):(\d+)(?::(\d+))?: `)

// problemOf takes the place out of an error of text/template: the innermost one that lies in a file.
func problemOf(err error, file string, files []File) Problem {
	text := err.Error()
	problem := Problem{Message: strings.TrimPrefix(text, "template: "), File: file}
	for i, found := range place.FindAllStringSubmatchIndex(text, -1) {
		name := text[found[2]:found[3]]
		if i == 0 && found[0] == 0 {
			problem.Message = text[found[1]:]
		}
		source, known := textOf(files, name)
		if !known {
			continue
		}
		problem.File = name
		problem.Line, _ = strconv.Atoi(text[found[4]:found[5]])
		if found[6] >= 0 {
			column, _ := strconv.Atoi(text[found[6]:found[7]])
			problem.Column = column + 1
		} else {
			problem.Column = columnOf(source, problem.Line, text[found[1]:])
		}
	}
	return problem
}

func textOf(files []File, name string) (string, bool) {
	for _, file := range files {
		if file.Name == name {
			return file.Text, true
		}
	}
	return "", false
}

var quoted = regexp.MustCompile(`"([^"]+)"|<([^>]+)>`)

// columnOf looks for what a parse error names in the line, else for the first action.
func columnOf(text string, number int, message string) int {
	lines := strings.Split(text, "\n")
	if number < 1 || number > len(lines) {
		return 0
	}
	line := lines[number-1]
	for _, found := range quoted.FindAllStringSubmatch(message, -1) {
		if at := strings.Index(line, found[1]+found[2]); at >= 0 {
			return at + 1
		}
	}
	return 1 + max(0, strings.Index(line, "{{"))
}
