package ops

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"slipway.dev/engine/internal/host"
	"slipway.dev/engine/internal/protocol"
)

func TestNothingOutsideTheRunDirectoryIsRemoved(t *testing.T) {
	parent := t.TempDir()
	run, other := filepath.Join(parent, "run"), filepath.Join(parent, "other")
	for _, directory := range []string{filepath.Join(run, "part"), other} {
		if err := os.MkdirAll(directory, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	session := NewSession("1", host.Ground{Standing: host.Bare})
	session.settings = &protocol.Settings{RunDirectory: run}
	remove := func(path string) error {
		_, err := removeDirectory(session)(context.Background(), protocol.DirectoryRemove{Path: path}, nil)
		return err
	}
	for _, path := range []string{other, parent, run + "/../other", "part", "/", ""} {
		if remove(path) == nil {
			t.Errorf("%q was removed", path)
		}
	}
	if err := remove(filepath.Join(run, "part")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(run, "part")); !os.IsNotExist(err) {
		t.Errorf("the part is still there: %v", err)
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
}
