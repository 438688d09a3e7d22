package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// act does what the scene is for.
func (s scene) act() (outcome, error) {
	switch s.Act {
	case "remember":
		return rememberVerdicts(s)
	case "for ever":
		return tryForEver(s)
	case "kill":
		return killTrials(s)
	case "place":
		return showPlace(s)
	}
	return s.show()
}

func TestAVerdictIsKeptUntilWhatItDependsOnChanges(t *testing.T) {
	for _, user := range []bool{false, true} {
		played(t, scene{Name: "tmpfs", User: user, Act: "remember"})
	}
}

// rememberVerdicts opens a store in which nothing can be tried any more.
func rememberVerdicts(s scene) (outcome, error) {
	if err := s.open(Overlay); err != nil {
		return outcome{}, err
	}
	// Where the directory of trials should be is a file: whatever is tried fails.
	blocked := s.root() + "/" + trialsDirectory
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		return outcome{}, err
	}
	if err := s.open(Overlay); err != nil {
		return outcome{}, fmt.Errorf("it was not remembered: %w", err)
	}
	s.Wish.Asked = "vfs"
	if err := s.open(VFS); err == nil || !strings.Contains(err.Error(), "mkdir: not a directory") {
		return outcome{}, fmt.Errorf("another driver was not tried: %v", err)
	}
	s.Wish.Asked = ""
	if err := unix.Mount("", s.disk(), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_NOEXEC|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		return outcome{}, err
	}
	if err := s.open(Overlay); err == nil || !strings.Contains(err.Error(), "mkdir: not a directory") {
		return outcome{}, fmt.Errorf("after a remount it was not tried again: %v", err)
	}
	// What failed is not remembered.
	if err := os.Remove(blocked); err != nil {
		return outcome{}, err
	}
	return outcome{}, s.open(Overlay)
}

// open opens the store and wants a driver.
func (s scene) open(want Driver) error {
	opened, err := OpenAt(s.options(), s.Wish)
	if err != nil {
		return err
	}
	if opened.Driver != want {
		return fmt.Errorf("driver %s: %s", opened.Driver, opened.Why)
	}
	return opened.Close()
}

func TestVerdictsOfAnotherBootAreVoid(t *testing.T) {
	directory := t.TempDir()
	readVerdicts(directory).keep("overlay here", []string{"limit"})
	if limits, known := readVerdicts(directory).passed("overlay here"); !known || len(limits) != 1 {
		t.Errorf("got %q, %t", limits, known)
	}
	for _, change := range []func(*verdicts){func(v *verdicts) { v.Boot = "another" }, func(v *verdicts) { v.Kernel = "another" }} {
		changed := readVerdicts(directory)
		change(changed)
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		path := t.TempDir()
		if err := os.WriteFile(path+"/slipway-drivers.json", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, known := readVerdicts(path).passed("overlay here"); known {
			t.Error("it still holds")
		}
	}
	if left, _ := filepath.Glob(directory + "/*"); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}

func TestAKilledTrialLeavesNothing(t *testing.T) {
	for _, user := range []bool{false, true} {
		played(t, scene{Name: "ext4", User: user, Act: "kill"})
	}
}

// tryForEver is to be killed.
func tryForEver(s scene) (outcome, error) {
	for {
		if _, err := Trials(s.options(), s.Wish); err != nil {
			return outcome{}, err
		}
	}
}

// killTrials kills processes that try drivers, in the same mount namespace, and looks at what the next opening leaves.
func killTrials(s scene) (outcome, error) {
	if err := s.open(Overlay); err != nil {
		return outcome{}, err
	}
	s.Act = "for ever"
	text, err := json.Marshal(s)
	if err != nil {
		return outcome{}, err
	}
	hit := 0
	for range 15 {
		command := exec.Command("/proc/self/exe", "-test.run=^TestScene$")
		command.Env = append(os.Environ(), sceneVariable+"="+string(text))
		command.ExtraFiles = []*os.File{os.Stdout}
		command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := command.Start(); err != nil {
			return outcome{}, err
		}
		time.Sleep(20*time.Millisecond + rand.N(60*time.Millisecond))
		_ = command.Process.Kill()
		_ = command.Wait()
		if left, _ := filepath.Glob(s.root() + "/" + trialsDirectory + "/*"); len(left) > 0 {
			hit++
		}
		if err := s.soonCleared(); err != nil {
			return outcome{}, err
		}
	}
	if hit == 0 {
		return outcome{}, errors.New("no kill came in a trial")
	}
	return outcome{}, nil
}

// soonCleared waits for what a killed process had just started: it holds its parent's lock until it is a program itself.
func (s scene) soonCleared() (err error) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if err = s.cleared(); err == nil {
			return nil
		}
	}
	return err
}

// cleared opens the store and says what is left then of trials that were killed.
func (s scene) cleared() error {
	if err := s.open(Overlay); err != nil {
		return err
	}
	if _, err := os.Lstat(s.root() + "/" + trialsDirectory); err == nil {
		return errors.New("files are left")
	}
	if left := mountsBelow(s.root() + "/" + trialsDirectory); len(left) > 0 {
		return fmt.Errorf("mounts are left: %q", left)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, process := range processes {
		if line, _ := os.ReadFile(process); strings.Contains(string(line), "lowerdir="+s.root()) {
			return fmt.Errorf("a process is left: %q", line)
		}
	}
	return nil
}
