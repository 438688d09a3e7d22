package ops

import (
	"context"

	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/template"
	"slipway.dev/engine/internal/wire"
)

func renderTemplate(ctx context.Context, params protocol.TemplateRender, emit wire.Emit) (protocol.TemplateRendered, error) {
	files := make([]template.File, len(params.Files))
	for i, file := range params.Files {
		files[i] = template.File{Name: file.Name, Text: file.Text}
	}
	rendered, err := template.Render(ctx, template.Request{
		Files:  files,
		Main:   params.Main,
		Env:    params.Env,
		Commit: template.Commit{Hash: params.CommitHash, Unix: params.CommitUnix, Human: params.CommitHuman},
		Debug:  params.Debug,
	}, askingHost{ctx, emit})
	answer := protocol.TemplateRendered{Text: rendered.Text}
	for _, lines := range rendered.Lines {
		answer.Lines = append(answer.Lines, protocol.TemplateLines{First: lines.First, Count: lines.Count, File: lines.File, Line: lines.Line})
	}
	for _, warning := range rendered.Warnings {
		answer.Warnings = append(answer.Warnings, protocol.TemplateWarning{
			Code: warning.Code, Subject: warning.Subject, File: warning.File, Line: warning.Line,
		})
	}
	for _, problem := range rendered.Problems {
		answer.Problems = append(answer.Problems, protocol.TemplateProblem{
			Message: problem.Message, File: problem.File, Line: problem.Line, Column: problem.Column,
		})
	}
	return answer, err
}

// askingHost hands every question on to the caller, who knows what may be read.
type askingHost struct {
	ctx  context.Context
	emit wire.Emit
}

func (h askingHost) Get(path string) (string, error) {
	answer, err := wire.Ask[protocol.FileQuestion, protocol.FileText](h.ctx, "files.get", protocol.FileQuestion{Path: path})
	return answer.Text, err
}

func (h askingHost) Glob(pattern string) (map[string]string, error) {
	question := protocol.GlobQuestion{Pattern: pattern}
	answer, err := wire.Ask[protocol.GlobQuestion, protocol.GlobAnswer](h.ctx, "files.glob", question)
	found := make(map[string]string, len(answer.Files))
	for _, file := range answer.Files {
		found[file.Name] = file.Text
	}
	return found, err
}

func (h askingHost) Exists(path string) (bool, error) {
	answer, err := wire.Ask[protocol.FileQuestion, protocol.YesNo](h.ctx, "files.exists", protocol.FileQuestion{Path: path})
	return answer.Yes, err
}

func (h askingHost) IsDir(path string) (bool, error) {
	answer, err := wire.Ask[protocol.FileQuestion, protocol.YesNo](h.ctx, "files.isDir", protocol.FileQuestion{Path: path})
	return answer.Yes, err
}

func (h askingHost) Env(name string, fallback *string) (string, error) {
	question := protocol.EnvQuestion{Name: name, HasDefault: fallback != nil}
	if fallback != nil {
		question.DefaultValue = *fallback
	}
	answer, err := wire.Ask[protocol.EnvQuestion, protocol.FileText](h.ctx, "env.get", question)
	return answer.Text, err
}

func (h askingHost) Debug(text string) { h.emit.Log(text) }
