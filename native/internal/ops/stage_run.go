package ops

import (
	"encoding/base64"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/protocol"
	"slipway.dev/engine/internal/recipe"
	"slipway.dev/engine/internal/wire"
)

const (
	// stageSecrets is where commands find secrets, by their ids.
	stageSecrets = "/run/secrets"
	// stageAgent is the socket of the SSH agent.
	stageAgent = "/.werf/tmp/ssh-auth-sock"
	// agentVariable tells it to commands.
	agentVariable = "SSH_AUTH_SOCK"
)

// stageRun is the command of a stage. What it sees that is made for it lies in the directory, which the caller removes.
func stageRun(
	at *recipe.Workshop, base recipe.Image, params protocol.StageRun, directory string, emit wire.Emit,
) (recipe.Run, error) {
	network, err := isolation.ParseNetwork(params.Network)
	if err != nil {
		return recipe.Run{}, wire.Because(err, OptionInvalid, err.Error(), "")
	}
	run := recipe.Run{Command: params.Command, Dir: "/", Network: network, AddHosts: params.AddHosts,
		Env: dockerfile.CommandEnvironment(base.Configuration.Config.Env)}
	for _, mount := range params.Mounts {
		made, err := stageMount(at, mount, directory)
		if err != nil {
			return run, err
		}
		run.Mounts = append(run.Mounts, made)
	}
	for i, file := range params.Files {
		made, err := stageFile(file, filepath.Join(directory, "file-"+strconv.Itoa(i)))
		if err != nil {
			return run, err
		}
		run.Mounts = append(run.Mounts, made)
	}
	secrets, err := stageSecretMounts(params.Secrets)
	if err != nil {
		return run, err
	}
	run.Mounts = append(run.Mounts, secrets...)
	if params.SshAgent != "" {
		if obstacle := recipe.CheckAgent(params.SshAgent); obstacle != nil {
			emit.Log(fmt.Sprintf("slipway: warning: commands have no SSH agent: %v", obstacle))
		} else {
			agent := &recipe.Agent{Socket: params.SshAgent, Access: recipe.Access{Mode: 0o600}}
			run.Mounts = append(run.Mounts, recipe.Mount{Target: stageAgent, Agent: agent})
			run.Env = dockerfile.WithVariables(run.Env, []protocol.Pair{{Name: agentVariable, Value: stageAgent}})
		}
	}
	run.Env = dockerfile.WithVariables(run.Env, params.Env)
	for _, shell := range params.Shell {
		terminal := &recipe.Terminal{Socket: shell.Socket, Columns: shell.Columns, Rows: shell.Rows, Term: shell.Term,
			Command: shell.Command}
		if shell.When == protocol.StageShellWhenOnly {
			run.Instead = terminal
		} else {
			run.AfterFailure = terminal
		}
	}
	return run, nil
}

func stageMount(at *recipe.Workshop, params protocol.StageMount, directory string) (recipe.Mount, error) {
	made := recipe.Mount{Target: params.Target, Source: params.Source, ReadOnly: params.ReadOnly}
	if path.Clean("/"+params.Target) == "/" {
		return made, wire.Fail(OptionInvalid, "nothing can be mounted at / of a build container", "name a directory below it")
	}
	switch {
	case params.Image != "":
		image, err := localImage(at, params.Image)
		made.Tree = &image
		return made, err
	case params.Source != "":
		if _, err := os.Stat(params.Source); err != nil {
			return made, wire.Because(err, OptionInvalid, fmt.Sprintf("%s cannot be mounted at %s: %v", params.Source, params.Target, err), "")
		}
		return made, nil
	}
	empty, err := os.MkdirTemp(directory, "empty-")
	if err == nil {
		// Programs of any user may use it, whatever the mask of this process.
		err = os.Chmod(empty, 0o777)
	}
	if err != nil {
		return made, fmt.Errorf("making a directory to mount at %s: %w", params.Target, err)
	}
	made.Source = empty
	return made, nil
}

func stageFile(params protocol.StageFile, at string) (recipe.Mount, error) {
	made := recipe.Mount{Target: params.Target, Source: at, ReadOnly: true}
	content, err := base64.StdEncoding.DecodeString(params.Content)
	if err != nil {
		return made, wire.Fail(OptionInvalid, fmt.Sprintf("the content of %s is not base64", params.Target), "")
	}
	mode := os.FileMode(0o644)
	if params.Executable {
		mode = 0o755
	}
	if err = os.WriteFile(at, content, 0o600); err == nil {
		err = os.Chmod(at, mode)
	}
	if err != nil {
		return made, fmt.Errorf("preparing %s for a command: %w", params.Target, err)
	}
	return made, nil
}

func stageSecretMounts(given []protocol.BuildSecret) ([]recipe.Mount, error) {
	contents, err := secretsOf(given)
	if err != nil {
		return nil, err
	}
	var mounts []recipe.Mount
	for _, secret := range given {
		target := path.Join(stageSecrets, secret.Id)
		if path.Dir(target) != stageSecrets {
			return nil, wire.Fail(OptionInvalid, fmt.Sprintf("the secret %q cannot be a file of %s", secret.Id, stageSecrets), "give it a plain name as its id")
		}
		mounts = append(mounts, recipe.Mount{Target: target, ReadOnly: true,
			Secret: &recipe.Secret{Content: contents[secret.Id], Access: recipe.Access{Mode: 0o400}}})
	}
	return mounts, nil
}
