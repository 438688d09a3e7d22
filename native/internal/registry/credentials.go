package registry

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.podman.io/storage/pkg/unshare"

	"slipway.dev/engine/internal/protocol"
)

// credentialsFile is what Docker's config.json and Podman's auth.json have in common.
type credentialsFile struct {
	Auths       map[string]json.RawMessage `json:"auths"`
	CredHelpers map[string]string          `json:"credHelpers,omitempty"`
	// CredsStore names the helper of all registries that have none of their own. The image library knows no such
	// setting, so it is spelled out for every registry asked for.
	CredsStore string `json:"credsStore,omitempty"`
}

// writeCredentials merges the files with credentials into one of the run. The first file that knows a key decides.
func writeCredentials(settings protocol.Settings, hosts []string) (string, error) {
	merged := credentialsFile{Auths: map[string]json.RawMessage{}, CredHelpers: map[string]string{}}
	for _, path := range credentialPaths(settings) {
		file, err := readCredentials(path)
		if err != nil {
			return "", err
		}
		merged.take(file, hosts)
	}
	merged.CredsStore = ""
	text, err := json.Marshal(merged)
	if err != nil {
		return "", fmt.Errorf("writing the credentials of the run: %w", err)
	}
	path := filepath.Join(settings.RunDirectory, fmt.Sprintf("auth-%x.json", sha256.Sum256(text)))
	return path, writeOnce(path, text)
}

// credentialPaths lists where credentials may be, what the user named first.
func credentialPaths(settings protocol.Settings) []string {
	var paths []string
	add := func(directory string, parts ...string) {
		if directory != "" {
			paths = append(paths, filepath.Join(append([]string{directory}, parts...)...))
		}
	}
	add(settings.DockerConfig, "config.json")
	add(os.Getenv("REGISTRY_AUTH_FILE"))
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		add(runtime, "containers", "auth.json")
	} else {
		add("/run/containers", strconv.Itoa(unshare.GetRootlessUID()), "auth.json")
	}
	home, _ := os.UserHomeDir()
	if configured := os.Getenv("XDG_CONFIG_HOME"); configured != "" {
		add(configured, "containers", "auth.json")
	} else if home != "" {
		add(home, ".config", "containers", "auth.json")
	}
	if settings.DockerConfig == "" {
		add(os.Getenv("DOCKER_CONFIG"), "config.json")
		if home != "" {
			add(home, ".docker", "config.json")
		}
	}
	return paths
}

// readCredentials reads one file; one that is absent, or another user's, holds nothing.
func readCredentials(path string) (credentialsFile, error) {
	var file credentialsFile
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return file, nil
	}
	if err != nil {
		return file, fmt.Errorf("reading credentials: %w", err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		// The error of the decoder may quote what it met, so it stays here.
		return file, &Fault{Code: CredentialsInvalid, Message: fmt.Sprintf("%s is not valid JSON", path),
			Hint: "repair the file, or log in again"}
	}
	return file, nil
}

func (c *credentialsFile) take(file credentialsFile, hosts []string) {
	for key, value := range file.Auths {
		key = registryKey(key)
		if _, known := c.Auths[key]; !known && len(value) > len("{}") {
			c.Auths[key] = value
		}
	}
	for key, helper := range file.CredHelpers {
		if _, known := c.CredHelpers[registryKey(key)]; !known {
			c.CredHelpers[registryKey(key)] = helper
		}
	}
	if file.CredsStore == "" {
		return
	}
	for _, host := range hosts {
		_, login := c.Auths[host]
		if _, helper := c.CredHelpers[host]; !login && !helper {
			c.CredHelpers[host] = file.CredsStore
		}
	}
}

// registryKey turns the keys of old Docker files, such as https://index.docker.io/v1/, into registries.
func registryKey(key string) string {
	bare := strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	if bare != key || strings.HasSuffix(bare, "/v1/") || strings.HasSuffix(bare, "/v2/") {
		bare, _, _ = strings.Cut(bare, "/")
	}
	switch bare {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return dockerHub
	}
	return strings.TrimSuffix(bare, "/")
}
