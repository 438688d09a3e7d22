package isolation

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestTheTrialProgramExitsAtOnce(t *testing.T) {
	program, err := nothingProgram(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "nothing")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command(path).Run(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestAnArchitectureWithoutATrialProgramIsNamed(t *testing.T) {
	if _, err := nothingProgram("vax"); err == nil {
		t.Error("wanted an error")
	}
}
