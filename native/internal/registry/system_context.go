package registry

import (
	"fmt"
	"os"
	"path/filepath"

	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/protocol"
)

// acceptAnything is the signature policy: who may be trusted is decided by what the user names.
const acceptAnything = `{"default":[{"type":"insecureAcceptAnything"}]}`

// SystemContext says how to reach the registries of the references: mirrors, plain HTTP, certificates, credentials. All
// of it lies in files of the run directory, so that every library that is given them sees the same.
// References are image names or addresses of repositories, normalised.
func SystemContext(settings protocol.Settings, references ...string) (*types.SystemContext, error) {
	hosts := hostsOf(references)
	registries, err := writeRegistriesConf(settings, hosts)
	if err != nil {
		return nil, err
	}
	credentials, err := writeCredentials(settings, hosts)
	if err != nil {
		return nil, err
	}
	policy := filepath.Join(settings.RunDirectory, "policy.json")
	if err := writeOnce(policy, []byte(acceptAnything)); err != nil {
		return nil, err
	}
	system := &types.SystemContext{
		SystemRegistriesConfPath:    registries,
		SystemRegistriesConfDirPath: filepath.Join(settings.RunDirectory, "registries.conf.d"),
		SignaturePolicyPath:         policy,
		AuthFilePath:                credentials,
		BigFilesTemporaryDir:        settings.RunDirectory,
		DockerRegistryUserAgent:     "slipway",
	}
	if settings.InsecureRegistry || settings.SkipTlsVerifyRegistry {
		system.DockerInsecureSkipTLSVerify = types.OptionalBoolTrue
	}
	return system, nil
}

// Settle keeps lookups of the image libraries inside the run directory, also those that take no context.
func Settle(settings protocol.Settings) error {
	temporary := filepath.Join(settings.RunDirectory, "tmp")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return fmt.Errorf("preparing the run directory: %w", err)
	}
	return os.Setenv("TMPDIR", temporary)
}

// writeOnce writes a file whose name says its content, or leaves the one that is there.
func writeOnce(path string, content []byte) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	made, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	_, err = made.Write(content)
	if closing := made.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(made.Name(), path)
	}
	if err != nil {
		os.Remove(made.Name())
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return nil
}
