package registry

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"

	"slipway.dev/engine/internal/protocol"
)

const dockerHub = "docker.io"

// writeRegistriesConf writes the registries.conf of the run: the user's or the system's, with the mirrors asked for,
// unqualified names at docker.io alone, and plain HTTP for loopback.
func writeRegistriesConf(settings protocol.Settings, hosts []string) (string, error) {
	configured, err := configuredRegistries()
	if err != nil {
		return "", err
	}
	registries := withMirrors(configured, settings.RegistryMirrors)
	registries = allowLoopback(registries, hosts)
	var text bytes.Buffer
	err = toml.NewEncoder(&text).Encode(map[string]any{
		"unqualified-search-registries": []string{dockerHub},
		"short-name-mode":               "disabled",
		"registry":                      registries,
	})
	if err != nil {
		return "", fmt.Errorf("writing registries.conf: %w", err)
	}
	name := fmt.Sprintf("registries-%x.conf", sha256.Sum256(text.Bytes()))
	path := filepath.Join(settings.RunDirectory, name)
	return path, writeOnce(path, text.Bytes())
}

// configuredRegistries reads the first that exists of CONTAINERS_REGISTRIES_CONF, the user's and the system's file.
func configuredRegistries() ([]sysregistriesv2.Registry, error) {
	context := &types.SystemContext{SystemRegistriesConfPath: os.Getenv("CONTAINERS_REGISTRIES_CONF")}
	registries, err := sysregistriesv2.GetRegistries(context)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", sysregistriesv2.ConfigPath(context), err)
	}
	return registries, nil
}

// withMirrors puts mirrors before the ones docker.io has; `http://` in front of one means plain HTTP.
func withMirrors(registries []sysregistriesv2.Registry, mirrors []string) []sysregistriesv2.Registry {
	if len(mirrors) == 0 {
		return registries
	}
	var endpoints []sysregistriesv2.Endpoint
	for _, mirror := range mirrors {
		location, insecure := strings.CutPrefix(mirror, "http://")
		location = strings.TrimSuffix(strings.TrimPrefix(location, "https://"), "/")
		endpoints = append(endpoints, sysregistriesv2.Endpoint{Location: location, Insecure: insecure})
	}
	result := make([]sysregistriesv2.Registry, 0, len(registries)+1)
	found := false
	for _, registry := range registries {
		if registry.Prefix == dockerHub {
			registry.Mirrors = append(endpoints, registry.Mirrors...)
			found = true
		}
		result = append(result, registry)
	}
	if !found {
		hub := sysregistriesv2.Registry{Prefix: dockerHub, Mirrors: endpoints}
		hub.Location = dockerHub
		result = append(result, hub)
	}
	return result
}

// allowLoopback marks everything on this machine as reachable by plain HTTP.
func allowLoopback(registries []sysregistriesv2.Registry, hosts []string) []sysregistriesv2.Registry {
	result := make([]sysregistriesv2.Registry, 0, len(registries)+len(hosts))
	named := map[string]bool{}
	for _, registry := range registries {
		registry.Insecure = registry.Insecure || isLoopback(hostOf(registry.Location))
		mirrors := make([]sysregistriesv2.Endpoint, 0, len(registry.Mirrors))
		for _, mirror := range registry.Mirrors {
			mirror.Insecure = mirror.Insecure || isLoopback(hostOf(mirror.Location))
			mirrors = append(mirrors, mirror)
		}
		registry.Mirrors = mirrors
		named[registry.Prefix] = true
		result = append(result, registry)
	}
	for _, host := range hosts {
		if isLoopback(host) && !named[host] {
			registry := sysregistriesv2.Registry{Prefix: host}
			registry.Location, registry.Insecure = host, true
			result = append(result, registry)
		}
	}
	return result
}

func hostOf(location string) string {
	host, _, _ := strings.Cut(location, "/")
	return host
}
