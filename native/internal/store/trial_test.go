package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.podman.io/storage/types"
	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/host"
)

// testUID is an ordinary user's, for trials in a user namespace.
const testUID = 51234

// scene is a store in surroundings that a test made. It is played by processes of their own: the first mounts in a
// mount namespace, the second goes into a user namespace where the scene is a user's.
type scene struct {
	// Name says which of the settings is made, Base is a directory for it.
	Name, Base string
	User       bool
	Wish       Wish
	// Set is true when the first process has made the setting.
	Set bool
	// Act is what is done there; empty: the drivers are tried and the store is opened.
	Act string
}

// outcome is what a scene showed.
type outcome struct {
	Trials          []Trial
	Driver          Driver
	Why             string
	Warnings        []string
	Message, Remedy string
	// Left are files of trials that were not removed.
	Left []string
	// Failed says what went wrong with the scene itself.
	Failed string
}

func (s scene) root() string { return s.Base + "/disk/store" }

// sceneVariable holds the scene as JSON for the processes that play it.
const sceneVariable = "SLIPWAY_TEST_SCENE"

// TestScene is no test but the body of the processes that play scenes.
func TestScene(t *testing.T) {
	text, found := os.LookupEnv(sceneVariable)
	if !found {
		return
	}
	var played scene
	if err := json.Unmarshal([]byte(text), &played); err != nil {
		t.Fatal(err)
	}
	result, err := played.play()
	if err != nil {
		result.Failed = err.Error()
	}
	written, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.NewFile(3, "result").Write(written); err != nil {
		t.Fatal(err)
	}
}

func (s scene) play() (outcome, error) {
	if s.Set {
		return s.act()
	}
	private := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, "")
	if err := errors.Join(private, os.Setenv("HOME", s.Base), os.Setenv("XDG_RUNTIME_DIR", s.Base+"/run")); err != nil {
		return outcome{}, err
	}
	if err := settings[s.Name](s); err != nil {
		return outcome{}, fmt.Errorf("setting %s: %w", s.Name, err)
	}
	s.Set = true
	if !s.User {
		return s.act()
	}
	return s.start(&syscall.SysProcAttr{
		Cloneflags:                 syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings:                []syscall.SysProcIDMap{{HostID: testUID, Size: 1}, {ContainerID: 1, HostID: 200000, Size: 65535}},
		GidMappings:                []syscall.SysProcIDMap{{HostID: testUID, Size: 1}, {ContainerID: 1, HostID: 200000, Size: 65535}},
		GidMappingsEnableSetgroups: true,
		Credential:                 &syscall.Credential{},
	}, "_CONTAINERS_USERNS_CONFIGURED=done", fmt.Sprintf("_CONTAINERS_ROOTLESS_UID=%d", testUID), fmt.Sprintf("_CONTAINERS_ROOTLESS_GID=%d", testUID))
}

// start plays the scene in another process.
func (s scene) start(attributes *syscall.SysProcAttr, environment ...string) (result outcome, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return result, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return result, err
	}
	defer reader.Close()
	command := exec.Command("/proc/self/exe", "-test.run=^TestScene$")
	command.Env = append(append(os.Environ(), environment...), sceneVariable+"="+string(text))
	command.ExtraFiles = []*os.File{writer}
	command.SysProcAttr = attributes
	command.Stderr = os.Stderr
	err = command.Start()
	writer.Close()
	if err != nil {
		return result, err
	}
	decoding := json.NewDecoder(reader).Decode(&result)
	if err := errors.Join(decoding, command.Wait()); err != nil {
		return result, err
	}
	if result.Failed != "" {
		return result, errors.New(result.Failed)
	}
	return result, nil
}

// show tries all drivers and opens the store.
func (s scene) show() (result outcome, _ error) {
	options := s.options()
	trials, err := Trials(options, s.Wish)
	result.Trials = trials
	if err == nil {
		result.Left, _ = filepath.Glob(s.root() + "/slipway-trials*")
		var opened *Store
		if opened, err = OpenAt(options, s.Wish); err == nil {
			result.Driver, result.Why, result.Warnings = opened.Driver, opened.Why, opened.Warnings
			err = opened.Close()
		}
	}
	var obstacle *host.Obstacle
	if errors.As(err, &obstacle) {
		result.Message, result.Remedy = obstacle.Message, obstacle.Remedy
	} else if err != nil {
		result.Message = err.Error()
	}
	left, _ := filepath.Glob(s.root() + "/slipway-trials*")
	result.Left = append(result.Left, left...)
	return result, nil
}

func (s scene) options() types.StoreOptions {
	return types.StoreOptions{GraphRoot: s.root(), RunRoot: s.Base + "/run"}
}

// played plays a scene below a directory that goes with the test.
func played(t *testing.T, s scene) outcome {
	t.Helper()
	s.Base = base(t)
	result, err := s.start(&syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS})
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	if len(result.Left) > 0 {
		t.Errorf("%s: the trials left %q", s.Name, result.Left)
	}
	return result
}

// base makes a directory that the test's user may write, on whatever disk temporary files are.
func base(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("this test mounts, so it needs root")
	}
	// Not below /dev, which a setting may hide.
	directory, err := os.MkdirTemp("/var/tmp", "slipway-scene")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	for _, made := range []string{directory + "/disk", directory + "/run"} {
		if err := os.Mkdir(made, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, owned := range []string{directory, directory + "/disk", directory + "/run"} {
		if err := errors.Join(os.Chmod(owned, 0o755), os.Chown(owned, testUID, testUID)); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// trialOf finds the trial of a driver.
func (o outcome) trialOf(driver Driver) Trial {
	for _, trial := range o.Trials {
		if trial.Driver == driver {
			return trial
		}
	}
	return Trial{Error: "not tried"}
}

func run(name string, arguments ...string) error {
	output, err := exec.Command(name, arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, arguments...), " "), err, output)
	}
	return nil
}
