package recipe

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// Secret is a file that commands may read and no layer keeps.
type Secret struct {
	Content []byte
	Access
}

// secretFile writes a secret where nobody else looks, in memory if that can be had.
func (s *stage) secretFile(secret Secret) (path string, release func() error, err error) {
	private := s.memory
	if s.room.Ledger != "" && (secret.UID != 0 || secret.GID != 0) {
		// A ledger knows owners of files of the tree's own file system alone.
		private = s.besideTree
	}
	directory, release, err := private()
	if err != nil {
		return "", release, err
	}
	path = filepath.Join(directory, "secret")
	if err := os.WriteFile(path, secret.Content, 0o600); err != nil {
		// The error names a path of this machine and nothing of the content.
		return "", release, fmt.Errorf("preparing a secret: %w", err)
	}
	return path, s.forgetting(path, release), s.give(path, secret.Access)
}

// secretLines are what secrets are known by in the output of commands.
func secretLines(mounts []Mount) [][]byte {
	var lines [][]byte
	for _, mount := range mounts {
		if mount.Secret == nil {
			continue
		}
		for line := range bytes.Lines(mount.Secret.Content) {
			if line = bytes.TrimSpace(line); len(line) > 0 {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
