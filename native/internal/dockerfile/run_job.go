package dockerfile

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"slipway.dev/engine/internal/recipe"
)

// heredocs is where commands find here-documents that are programs of their own.
const heredocs = "/run/heredocs/"

// running is a RUN whose words are all known.
type running struct {
	step recipe.Run
	// script is a here-document that is a program, scriptName its name; empty: there is none.
	script, scriptName string
	mounts             []mounting
	proxies            map[string]string
}

// runningOf reads a RUN. images are those of the stages and images it mounts.
func (r Request) runningOf(i *instruction, images map[string]recipe.Image) (running, error) {
	typed := i.parsed.(*instructions.RunCommand)
	config := &i.before.Config
	made := running{proxies: i.proxies, step: recipe.Run{
		User: config.User, Dir: directoryIn(config.WorkingDir, ""), Env: commandEnvironment(config.Env, i.args),
		Network: r.networkOf(typed), AddHosts: r.AddHosts, Insecure: instructions.GetSecurity(typed) == instructions.SecurityInsecure,
	}}
	line := typed.ShellDependantCmdLine
	line.CmdLine, made.script, made.scriptName = withHeredocs(line)
	made.step.Command = inShell(config, line)
	if made.script != "" {
		// The shell starts it, as it starts any program.
		made.step.Command = append(shellOf(config), heredocs+made.scriptName)
	}
	var err error
	made.mounts, err = r.mountings(i, typed, images)
	return made, err
}

// commandEnvironment is what a command sees: the image's variables, then arguments that none of them hides, sorted.
func commandEnvironment(pairs []string, args map[string]string) []string {
	known := environment(pairs)
	all := slices.Clone(pairs)
	if !slices.ContainsFunc(all, func(pair string) bool { return strings.HasPrefix(pair, "PATH=") }) {
		all = append(all, "PATH="+defaultPath)
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		if _, hidden := known[name]; !hidden {
			all = append(all, name+"="+args[name])
		}
	}
	return all
}

// runJob is what a RUN does.
func (r Request) runJob(made running) job {
	done := job{decide: func(k *key) { r.decideRun(k, made) }}
	for _, mount := range made.mounts {
		if mount.need >= 0 {
			_, known := r.checksum(mount.need)
			done.fleeting = done.fleeting || !known
		}
	}
	done.steps = func(ctx context.Context, directory string) ([]recipe.Step, error) {
		return r.runSteps(ctx, made, directory)
	}
	return done
}

func (r Request) decideRun(k *key, made running) {
	k.add("run", made.step.User, made.step.Dir, string(made.step.Network), strconv.FormatBool(made.step.Insecure))
	k.list(made.step.Command)
	k.list(slices.Sorted(slices.Values(made.step.Env)))
	k.list(made.step.AddHosts)
	k.add(made.script, made.scriptName)
	for _, mount := range made.mounts {
		mount.decide(k, r)
	}
}

func (r Request) runSteps(ctx context.Context, made running, directory string) ([]recipe.Step, error) {
	step := made.step
	step.Env = slices.Clone(step.Env)
	for _, name := range slices.Sorted(maps.Keys(made.proxies)) {
		if !slices.ContainsFunc(step.Env, func(pair string) bool { return strings.HasPrefix(pair, name+"=") }) {
			step.Env = append(step.Env, name+"="+made.proxies[name])
		}
	}
	for i, mount := range made.mounts {
		shown, env, err := mount.given(r, step.Env)
		if err != nil {
			return nil, err
		}
		if step.Env = env; !shown {
			continue
		}
		if mount.need >= 0 {
			source, err := r.spool(ctx, mount.need, mount.Source, filepath.Join(directory, "context-"+strconv.Itoa(i)))
			if err != nil {
				return nil, err
			}
			mount.Source = source
		}
		step.Mounts = append(step.Mounts, mount.Mount)
	}
	if made.script != "" {
		file := filepath.Join(directory, "script")
		// The mask of this process must not take away that everyone may run it.
		if err := os.WriteFile(file, []byte(made.script), 0o755); err != nil {
			return nil, fmt.Errorf("writing a here-document: %w", err)
		}
		if err := os.Chmod(file, 0o755); err != nil {
			return nil, fmt.Errorf("writing a here-document: %w", err)
		}
		step.Mounts = append(step.Mounts, recipe.Mount{Target: heredocs + made.scriptName, Source: file, ReadOnly: true})
	}
	return []recipe.Step{step}, nil
}
