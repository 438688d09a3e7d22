package dockerfile

import (
	"context"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/recipe"
)

// transfer is a COPY or an ADD.
type transfer struct {
	instructions.SourcesAndDest
	chown, chmod, checksum string
	excludes               []string
	// from is the stage or image named; nil: the context.
	from *recipe.Image
	// downloads says that addresses are sources.
	downloads bool
	// need is the number of what is read from the context; -1: nothing is.
	need int
	// unpackLocal and unpackRemote say which archives are extracted.
	unpackLocal, unpackRemote bool
	// parents keeps the directories above sources.
	parents bool
	to      string
}

// transferOf reads a COPY or an ADD. images are those of the stages and images it names.
func transferOf(i *instruction, images map[string]recipe.Image) transfer {
	made := transfer{need: -1}
	switch typed := i.parsed.(type) {
	case *instructions.CopyCommand:
		made.SourcesAndDest, made.chown, made.chmod = typed.SourcesAndDest, typed.Chown, typed.Chmod
		made.excludes, made.parents = typed.ExcludePatterns, typed.Parents
		if typed.From != "" {
			image := images[typed.From]
			made.from = &image
		}
	case *instructions.AddCommand:
		made.SourcesAndDest, made.chown, made.chmod = typed.SourcesAndDest, typed.Chown, typed.Chmod
		made.excludes, made.checksum, made.downloads = typed.ExcludePatterns, typed.Checksum, true
		made.unpackLocal = typed.Unpack == nil || *typed.Unpack
		made.unpackRemote = typed.Unpack != nil && *typed.Unpack
	}
	if len(i.needs) > 0 {
		made.need = i.needs[0]
	}
	made.to = destination(i.before.Config.WorkingDir, made.DestPath, len(made.SourcePaths)+len(made.SourceContents))
	if made.parents && made.to != "/" {
		made.to = strings.TrimSuffix(made.to, "/") + "/"
	}
	return made
}

// destination is absolute; a slash at its end means a directory.
func destination(working, name string, sources int) string {
	to := directoryIn(working, name)
	isDirectory := strings.HasSuffix(name, "/") || path.Base(name) == "." || name == "" || sources > 1
	if isDirectory && to != "/" {
		to += "/"
	}
	return to
}

// copyJob is what a COPY or an ADD does.
func (r Request) copyJob(made transfer) job {
	checksum, known := "", true
	if made.need >= 0 {
		checksum, known = r.checksum(made.need)
	}
	return job{
		fleeting: !known,
		decide: func(k *key) {
			k.add("copy", made.to, made.chown, made.chmod, made.checksum, checksum)
			k.add(strconv.FormatBool(made.unpackLocal), strconv.FormatBool(made.unpackRemote), strconv.FormatBool(made.from != nil))
			if made.from != nil {
				k.layers(*made.from)
			}
			k.list(made.SourcePaths)
			k.list(made.excludes)
			for _, content := range made.SourceContents {
				k.add(content.Path, content.Data)
			}
			if made.parents {
				k.add("parents")
			}
		},
		steps: func(ctx context.Context, directory string) ([]recipe.Step, error) {
			return r.copySteps(ctx, made, directory)
		},
	}
}

func (r Request) copySteps(ctx context.Context, made transfer, directory string) ([]recipe.Step, error) {
	step := func(from recipe.Source, unpack bool, patterns ...string) recipe.Step {
		return recipe.Copy{From: from, Patterns: patterns, Exclude: made.excludes, To: made.to, Chown: made.chown,
			Chmod: made.chmod, Unpack: unpack, Parents: made.parents}
	}
	var steps []recipe.Step
	var local []string
	for i, source := range made.SourcePaths {
		if !made.downloads || !isRemote(source) {
			local = append(local, source)
			continue
		}
		file, err := download(ctx, source, made.checksum, path.Join(directory, strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		steps = append(steps, step(file, made.unpackRemote, file.Name))
	}
	if len(local) > 0 {
		steps = append(steps, step(r.localSource(made), made.unpackLocal, local...))
	}
	for _, content := range made.SourceContents {
		text := recipe.TextSource{Files: map[string]string{content.Path: content.Data}}
		steps = append(steps, step(text, false, content.Path))
	}
	return steps, nil
}

func (r Request) localSource(made transfer) recipe.Source {
	if made.from != nil {
		return recipe.TreeSource{Image: *made.from}
	}
	return recipe.ContextSource{Open: func(ctx context.Context) (io.ReadCloser, error) {
		return contextPart(ctx, r.ContextSocket, made.need)
	}}
}
