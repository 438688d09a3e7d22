package isolation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"slipway.dev/engine/internal/host"
)

// runtimes are tried in this order.
var runtimes = []string{"crun", "runc", "kata-runtime", "runsc"}

// trialTime bounds one trial; a runtime that takes longer is of no use.
const trialTime = 20 * time.Second

// FindRuntime returns the path of the first OCI runtime that can really run an empty container, or of the one asked for.
// The error is an *host.Obstacle that tells of each that is installed what it said.
func FindRuntime(ctx context.Context, request Request) (string, error) {
	if request.Runtime != "" {
		return askedRuntime(ctx, request)
	}
	var problems []runtimeProblem
	for _, name := range runtimes {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if err := rememberedTrial(ctx, request, path); err != nil {
			problems = append(problems, runtimeProblem{path, err})
			continue
		}
		return path, nil
	}
	return "", noRuntime(problems)
}

// askedRuntime tries the one that was asked for.
func askedRuntime(ctx context.Context, request Request) (string, error) {
	path, err := exec.LookPath(request.Runtime)
	if err != nil {
		return "", &host.Obstacle{
			Code: NoRuntime, Message: fmt.Sprintf("the OCI runtime %s: not found in PATH", request.Runtime),
			Remedy: "name one that is installed by WERF_BUILDAH_RUNTIME, or unset it",
		}
	}
	if err := rememberedTrial(ctx, request, path); err != nil {
		return "", noRuntime([]runtimeProblem{{path, err}})
	}
	return path, nil
}

// tryRuntime runs a container that holds one program, which exits at once.
func tryRuntime(ctx context.Context, scratch, path string) error {
	bundle, err := os.MkdirTemp(scratch, "runtime-trial-")
	if err != nil {
		return fmt.Errorf("preparing a trial: %w", err)
	}
	defer os.RemoveAll(bundle)
	if err := writeTrial(bundle); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	name := filepath.Base(bundle)
	command := exec.CommandContext(ctx, path, "run", "--bundle", bundle, name)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.WaitDelay = time.Second
	if err := command.Run(); err != nil {
		_ = exec.Command(path, "delete", "--force", name).Run()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if said := complaint(output.String()); said != "" {
			return fmt.Errorf("%w: %s", err, said)
		}
		return err
	}
	return nil
}

func writeTrial(bundle string) error {
	root := filepath.Join(bundle, "rootfs")
	for _, directory := range []string{"proc", "dev"} {
		if err := os.MkdirAll(filepath.Join(root, directory), 0o755); err != nil {
			return fmt.Errorf("preparing a trial: %w", err)
		}
	}
	program, err := nothingProgram(runtime.GOARCH)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "nothing"), program, 0o755); err != nil {
		return fmt.Errorf("preparing a trial: %w", err)
	}
	text, err := json.Marshal(trialSpec(root))
	if err != nil {
		return fmt.Errorf("preparing a trial: %w", err)
	}
	return os.WriteFile(filepath.Join(bundle, "config.json"), text, 0o600)
}

// trialSpec asks for what run steps ask for: own mounts, processes, names and IPC, the host's network and ids.
func trialSpec(root string) *specs.Spec {
	return &specs.Spec{
		Version: specs.Version,
		Root:    &specs.Root{Path: root},
		Process: &specs.Process{Args: []string{"/nothing"}, Cwd: "/", Env: []string{"PATH=/"}},
		Mounts: []specs.Mount{
			{Destination: "/proc", Type: "proc", Source: "proc"},
			{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "mode=755"}},
		},
		Linux: &specs.Linux{Namespaces: []specs.LinuxNamespace{
			{Type: specs.MountNamespace}, {Type: specs.PIDNamespace}, {Type: specs.IPCNamespace}, {Type: specs.UTSNamespace},
		}},
	}
}
