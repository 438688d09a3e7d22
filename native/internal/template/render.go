package template

import (
	"context"
	"fmt"
	"text/template"
	"time"
)

// timeLimit ends templates that would never end, such as a range over a billion numbers.
const timeLimit = time.Minute

// File is a template's text under its name in the set.
type File struct{ Name, Text string }

// Request says what is rendered.
type Request struct {
	// Files are parsed in this order into one set; of definitions with one name the last one counts.
	Files []File
	// Main is the name of the file that is executed.
	Main   string
	Env    string
	Commit Commit
	// Debug lets the debug functions speak.
	Debug bool
}

// Commit is what templates may know of the commit.
type Commit struct{ Hash, Unix, Human string }

// Host answers what templates ask for. Its errors end the rendering, with the place that asked.
type Host interface {
	Get(path string) (string, error)
	Glob(pattern string) (map[string]string, error)
	Exists(path string) (bool, error)
	IsDir(path string) (bool, error)
	// Env gives a variable; fallback is nil where the template gave no default.
	Env(name string, fallback *string) (string, error)
	// Debug takes what debug functions print; may have many lines.
	Debug(text string)
}

// Rendered is the outcome: a text, or at least one problem.
type Rendered struct {
	Text     string
	Lines    []Lines
	Warnings []Warning
	Problems []Problem
}

// Render parses all files and executes the main one.
// Only a cancelled context and a template that does not end are errors; what is wrong with the templates is in the result.
func Render(ctx context.Context, request Request, host Host) (Rendered, error) {
	limited, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	done := make(chan Rendered, 1)
	go func() { done <- render(limited, request, host) }()
	select {
	case rendered := <-done:
		return rendered, ctx.Err()
	case <-limited.Done():
		if err := ctx.Err(); err != nil {
			return Rendered{}, err
		}
		message := fmt.Sprintf("rendering was given up after %s: is there an endless loop?", timeLimit)
		return Rendered{Problems: []Problem{{Message: message, File: request.Main}}}, nil
	}
}

func render(ctx context.Context, request Request, host Host) Rendered {
	set := template.New("")
	run := &run{ctx: ctx, host: host, debug: request.Debug, set: set, used: map[string]bool{}, origins: newOrigins(request.Files)}
	set.Funcs(run.functions())
	var problems []Problem
	for _, file := range request.Files {
		if _, err := set.New(file.Name).Parse(file.Text); err != nil {
			problems = append(problems, problemOf(err, file.Name, request.Files))
		}
	}
	if len(problems) > 0 {
		return Rendered{Problems: problems}
	}
	run.origins.learn(set)
	out := run.origins.writer(ctx)
	if err := set.ExecuteTemplate(out, request.Main, data(request, host)); err != nil {
		return Rendered{Problems: []Problem{problemOf(err, request.Main, request.Files)}}
	}
	return Rendered{
		Text:     out.text(),
		Lines:    out.unchangedLines(),
		Warnings: warnings(set, request.Files, run.used),
	}
}

func data(request Request, host Host) map[string]any {
	return map[string]any{
		"Files": files{host},
		"Env":   request.Env,
		"Commit": map[string]any{
			"Hash": request.Commit.Hash,
			"Date": map[string]string{"Human": request.Commit.Human, "Unix": request.Commit.Unix},
		},
	}
}

// files is `.Files`.
type files struct{ host Host }

// Get gives the text of a file.
func (f files) Get(path string) (string, error) { return f.host.Get(path) }

// Glob gives the texts of all files that match, by path.
func (f files) Glob(pattern string) (map[string]any, error) {
	found, err := f.host.Glob(pattern)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]any, len(found))
	for path, text := range found {
		texts[path] = text
	}
	return texts, nil
}

// Exists tells whether there is a file or a directory.
func (f files) Exists(path string) (bool, error) { return f.host.Exists(path) }

// IsDir tells whether there is a directory.
func (f files) IsDir(path string) (bool, error) { return f.host.IsDir(path) }
