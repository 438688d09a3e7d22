package dockerfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// words are what decides the effect of an instruction, in a form that does not depend on how it is spelled.
func (r *reading) words(c command, stageIndex int) []string {
	switch typed := c.parsed.(type) {
	case *instructions.RunCommand:
		return append(r.runFlags(c, stageIndex), c.text)
	case *instructions.CopyCommand:
		flags := flagWords(map[string]string{"chown": typed.Chown, "chmod": typed.Chmod, "link": truth(typed.Link),
			"parents": truth(typed.Parents), "from": r.fromWord(typed.From, stageIndex)})
		return copyWords(flags, typed.ExcludePatterns, typed.SourcesAndDest)
	case *instructions.AddCommand:
		flags := flagWords(map[string]string{"chown": typed.Chown, "chmod": typed.Chmod, "link": truth(typed.Link),
			"checksum": typed.Checksum, "keep-git-dir": optionalTruth(typed.KeepGitDir), "unpack": optionalTruth(typed.Unpack)})
		return copyWords(flags, typed.ExcludePatterns, typed.SourcesAndDest)
	case *instructions.ArgCommand:
		return r.argWords(typed)
	case *instructions.EnvCommand:
		return pairWords(typed.Env)
	case *instructions.LabelCommand:
		return pairWords(typed.Labels)
	case *instructions.CmdCommand:
		return lineWords(typed.ShellDependantCmdLine)
	case *instructions.EntrypointCommand:
		return lineWords(typed.ShellDependantCmdLine)
	}
	return plainWords(c.parsed)
}

func plainWords(parsed instructions.Command) []string {
	switch typed := parsed.(type) {
	case *instructions.WorkdirCommand:
		return []string{typed.Path}
	case *instructions.UserCommand:
		return []string{typed.User}
	case *instructions.VolumeCommand:
		return typed.Volumes
	case *instructions.ExposeCommand:
		return typed.Ports
	case *instructions.StopSignalCommand:
		return []string{typed.Signal}
	case *instructions.ShellCommand:
		return typed.Shell
	case *instructions.MaintainerCommand:
		return []string{typed.Maintainer}
	case *instructions.OnbuildCommand:
		return []string{typed.Expression}
	case *instructions.HealthCheckCommand:
		// Plain data of strings and numbers: it always encodes.
		text, _ := json.Marshal(typed.Health)
		return []string{string(text)}
	}
	return nil
}

// fromWord names a stage by its place among the needed ones, so that stages nobody needs do not count.
func (r *reading) fromWord(name string, stageIndex int) string {
	if name == "" {
		return ""
	}
	if from := r.originOf(name, stageIndex, true); from.stage >= 0 {
		return "stage:" + strconv.Itoa(r.positions[from.stage])
	}
	return name
}

// runFlags lists the stages that mounts read; the flags themselves are in the text.
func (r *reading) runFlags(c command, stageIndex int) []string {
	var words []string
	for _, name := range sourcesOf(c.parsed) {
		words = append(words, "from="+r.fromWord(name, stageIndex))
	}
	return words
}

func (r *reading) argWords(typed *instructions.ArgCommand) []string {
	var words []string
	for _, arg := range typed.Args {
		value, known := r.args.value(arg, true)
		if known {
			words = append(words, arg.Key+"="+value)
		} else {
			words = append(words, arg.Key)
		}
	}
	return words
}

func copyWords(flags, excludes []string, files instructions.SourcesAndDest) []string {
	words := flags
	for _, pattern := range excludes {
		words = append(words, "--exclude="+pattern)
	}
	words = append(words, files.SourcePaths...)
	for _, content := range files.SourceContents {
		words = append(words, "<<"+content.Path, content.Data)
	}
	return append(words, files.DestPath)
}

// flagWords writes the flags that are given, sorted.
func flagWords(flags map[string]string) []string {
	var words []string
	for name, value := range flags {
		if value != "" {
			words = append(words, fmt.Sprintf("--%s=%s", name, value))
		}
	}
	slices.Sort(words)
	return words
}

func pairWords(pairs instructions.KeyValuePairs) []string {
	var words []string
	for _, pair := range pairs {
		words = append(words, pair.Key+"="+pair.Value)
	}
	return words
}

func lineWords(line instructions.ShellDependantCmdLine) []string {
	form := "exec"
	if line.PrependShell {
		form = "shell"
	}
	return append([]string{form}, line.CmdLine...)
}

func truth(set bool) string {
	if set {
		return "true"
	}
	return ""
}

func optionalTruth(set *bool) string {
	if set == nil {
		return ""
	}
	return strconv.FormatBool(*set)
}
