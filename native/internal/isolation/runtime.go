package isolation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// runtimes are tried in this order.
var runtimes = []string{"crun", "runc", "kata-runtime", "runsc"}

// trialTime bounds one trial; a runtime that takes longer is of no use.
const trialTime = 20 * time.Second

// FindRuntime returns the path of the first OCI runtime that can really run an empty container, or of the one asked for.
// The error lists every candidate with its own message.
func FindRuntime(ctx context.Context, request Request) (string, error) {
	candidates := runtimes
	if request.Runtime != "" {
		candidates = []string{request.Runtime}
	}
	var problems []error
	for _, name := range candidates {
		path, err := exec.LookPath(name)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: not found in PATH", name))
			continue
		}
		if err := rememberedTrial(ctx, request, path); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", path, err))
			continue
		}
		return path, nil
	}
	return "", errors.Join(problems...)
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
		return fmt.Errorf("%w: %s", err, lastLine(output.String()))
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

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
