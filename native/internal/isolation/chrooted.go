package isolation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/opencontainers/runtime-spec/specs-go"

	"slipway.dev/engine/internal/host"
)

// chrootRunner is the name under which Buildah's chroot package takes this program over to run a command: package chroot,
// run_common.go. What it reads from descriptor 3 is chrootJob.
const chrootRunner = "buildah-chroot-runtime"

// chrooted runs commands by Buildah's chroot isolation: mounts and host name of their own, network and processes shared.
//
// It starts the library's own process for that itself. The library's function would make it a copy of this program
// in memory, 35 MB in pieces of 2 KiB, twice for each command: half of the time of a short one.
type chrooted struct{}

// chrootJob is what the library's process is told.
type chrootJob struct {
	Spec       *specs.Spec
	BundlePath string
	NoPivot    bool
}

// Places are what the library binds from the host.
func (chrooted) Places() []string { return []string{"/dev", "/proc", "/sys"} }

// Run runs a command.
func (chrooted) Run(_ context.Context, command Command) (Usage, error) {
	job := chrootJob{BundlePath: command.Bundle, Spec: &specs.Spec{
		Version: specs.Version, Root: &specs.Root{Path: command.Root}, Hostname: command.Hostname,
		Process: command.process(), Mounts: withoutMovable(command.Mounts), Linux: &specs.Linux{},
	}}
	text, err := json.Marshal(job)
	if err != nil {
		return Usage{}, fmt.Errorf("describing a command: %w", err)
	}
	if err := host.Raise(command.Limits); err != nil {
		return Usage{}, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return Usage{}, fmt.Errorf("starting a command: %w", err)
	}
	defer read.Close()
	told := make(chan error, 1)
	go func() {
		_, err := io.Copy(write, bytes.NewReader(text))
		told <- errors.Join(err, write.Close())
	}()
	process := exec.Command("/proc/self/exe")
	process.Args, process.Dir, process.Env = []string{chrootRunner}, "/", libraryVariables()
	process.Stdin, process.Stdout, process.Stderr = command.Stdin, command.Stdout, command.Stderr
	process.ExtraFiles = []*os.File{read}
	// From the first moment on, before it asks for that itself.
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	err = process.Run()
	// Nobody reads any more: what is still to be told breaks.
	read.Close()
	if telling := <-told; err == nil {
		err = telling
	}
	return usageOf(process.ProcessState), err
}

// libraryVariables are those by which the library knows the namespace it is in.
func libraryVariables() []string {
	// Only what is worse than a warning is worth a line among a command's output.
	kept := []string{"LOGLEVEL=2"}
	for _, pair := range os.Environ() {
		if strings.HasPrefix(pair, "_CONTAINERS_") {
			kept = append(kept, pair)
		}
	}
	return kept
}
