package recipe

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// buildScribe builds a program that does to files what busybox cannot.
func buildScribe(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "scribe-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(directory) })
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory, "scribe")
	command := exec.Command("go", "build", "-o", path, "./testdata/scribe")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}
