package recipe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/layer"
)

// networkFiles mounts /etc/hosts and, where the host has one, /etc/resolv.conf. They are made once for a recipe.
func (s *stage) networkFiles(step Run) ([]specs.Mount, error) {
	hosts, err := s.hostsFile(step.AddHosts)
	if err != nil {
		return nil, err
	}
	mount, err := s.file(hosts, "/etc/hosts")
	if err != nil {
		return nil, err
	}
	mounts := []specs.Mount{mount}
	if step.Network == isolation.NoNetwork {
		return mounts, nil
	}
	if s.resolv == "" {
		if s.resolv, err = s.resolvFile(); err != nil || s.resolv == "" {
			return mounts, err
		}
	}
	mount, err = s.file(s.resolv, "/etc/resolv.conf")
	return append(mounts, mount), err
}

func (s *stage) file(source, target string) (specs.Mount, error) {
	canonical, err := s.place(target, false)
	return specs.Mount{Type: "bind", Source: source, Destination: "/" + canonical, Options: []string{"bind", "nodev", "noexec", "nosuid", "private", "rw"}}, err
}

func (s *stage) hostsFile(added []string) (string, error) {
	path := filepath.Join(s.making.directory, "hosts")
	if s.hosts == path && len(added) == 0 {
		return path, nil
	}
	text := "127.0.0.1\tlocalhost " + hostName + "\n::1\tlocalhost ip6-localhost ip6-loopback\n"
	tree, err := layer.Open(s.Store, s.Base.Layer)
	if err != nil {
		return "", err
	}
	if own, err := textOf(tree, "etc/hosts"); err == nil && own != "" {
		text += strings.TrimRight(own, "\n") + "\n"
	}
	for _, entry := range added {
		name, address, found := strings.Cut(entry, ":")
		if !found {
			return "", fmt.Errorf("%q is not of the form name:address", entry)
		}
		text += address + "\t" + name + "\n"
	}
	s.hosts = path
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// resolvFile copies the host's; empty: it has none.
func (s *stage) resolvFile() (string, error) {
	text, err := os.ReadFile("/etc/resolv.conf")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the name servers: %w", err)
	}
	path := filepath.Join(s.making.directory, "resolv.conf")
	return path, os.WriteFile(path, text, 0o644)
}
