package dockerfile

import (
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
)

// configured is the configuration behind an instruction. Nothing of the one before it is changed.
// inheritedCmd says that no CMD of the same stage came before.
func configured(i *instruction, inheritedCmd bool) (imagespec.DockerOCIImage, error) {
	image := i.before
	config := &image.Config
	switch typed := i.parsed.(type) {
	case *instructions.EnvCommand:
		config.Env = slices.Clone(config.Env)
		for _, pair := range typed.Env {
			config.Env = withVariable(config.Env, pair.Key, pair.Value)
		}
	case *instructions.LabelCommand:
		config.Labels = cloned(config.Labels)
		for _, pair := range typed.Labels {
			config.Labels[pair.Key] = pair.Value
		}
	case *instructions.WorkdirCommand:
		config.WorkingDir = directoryIn(config.WorkingDir, typed.Path)
	case *instructions.UserCommand:
		config.User = typed.User
	case *instructions.ShellCommand:
		config.Shell = typed.Shell
	case *instructions.CmdCommand:
		config.Cmd = inShell(config, typed.ShellDependantCmdLine)
	case *instructions.EntrypointCommand:
		config.Entrypoint = inShell(config, typed.ShellDependantCmdLine)
		if inheritedCmd {
			config.Cmd = nil
		}
	case *instructions.MaintainerCommand:
		image.Author = typed.Maintainer
	default:
		return image, declared(config, i.parsed)
	}
	return image, nil
}

// declared applies instructions that only tell something about containers of the image.
func declared(config *imagespec.DockerOCIImageConfig, parsed instructions.Command) error {
	switch typed := parsed.(type) {
	case *instructions.ExposeCommand:
		config.ExposedPorts = cloned(config.ExposedPorts)
		for _, word := range typed.Ports {
			ports, err := parsePorts(word)
			if err != nil {
				return err
			}
			for _, port := range ports {
				config.ExposedPorts[port] = struct{}{}
			}
		}
	case *instructions.VolumeCommand:
		config.Volumes = cloned(config.Volumes)
		for _, volume := range typed.Volumes {
			if volume == "" {
				return errors.New("the path of a volume is empty")
			}
			config.Volumes[volume] = struct{}{}
		}
	case *instructions.StopSignalCommand:
		config.StopSignal = typed.Signal
	case *instructions.HealthCheckCommand:
		config.Healthcheck = typed.Health
	case *instructions.OnbuildCommand:
		config.OnBuild = append(slices.Clone(config.OnBuild), typed.Expression)
	}
	return nil
}

// withVariable sets a variable, where it stands or at the end.
func withVariable(pairs []string, name, value string) []string {
	pair := name + "=" + value
	at := slices.IndexFunc(pairs, func(pair string) bool { return strings.HasPrefix(pair, name+"=") || pair == name })
	if at < 0 {
		return append(pairs, pair)
	}
	pairs[at] = pair
	return pairs
}

// inShell is a command line as it is executed.
func inShell(config *imagespec.DockerOCIImageConfig, line instructions.ShellDependantCmdLine) []string {
	if !line.PrependShell {
		return slices.Clone(line.CmdLine)
	}
	return append(shellOf(config), strings.Join(line.CmdLine, " "))
}

// shellOf is the shell that runs what is not written as a list.
func shellOf(config *imagespec.DockerOCIImageConfig) []string {
	if len(config.Shell) > 0 {
		return slices.Clone(config.Shell)
	}
	return []string{"/bin/sh", "-c"}
}

// directoryIn is a path seen from a working directory: absolute and clean.
func directoryIn(working, name string) string {
	if path.IsAbs(name) {
		return path.Clean(name)
	}
	return path.Join("/", working, name)
}

func cloned[V any](values map[string]V) map[string]V {
	if values == nil {
		return map[string]V{}
	}
	return maps.Clone(values)
}
