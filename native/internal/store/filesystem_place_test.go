package store

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"slipway.dev/engine/internal/host"
)

func TestAUserWithoutAHomeIsToldWhatToSet(t *testing.T) {
	got := played(t, scene{Name: "no home", User: true, Act: "place"})
	if !strings.HasPrefix(got.Message, "the place of the store is not known: ") || got.Remedy != homeRemedy {
		t.Errorf("got %q, %q", got.Message, got.Remedy)
	}
}

func TestAUserWhoseHomeIsReadOnlyIsToldWhatToSet(t *testing.T) {
	got := played(t, scene{Name: "read-only home", User: true, Act: "place"})
	if !matches(got.Message, "the store #/disk/.local/share/containers/storage cannot be made: #/disk (tmpfs mounted at #/disk) is read-only") ||
		got.Remedy != homeRemedy {
		t.Errorf("got %q, %q", got.Message, got.Remedy)
	}
}

func TestRunTimeFilesHaveAPlaceWithoutADirectoryForThem(t *testing.T) {
	got := played(t, scene{Name: "no runtime directory", User: true, Act: "place"})
	if got.Message != "" || got.Driver != Overlay {
		t.Fatalf("got %+v", got)
	}
	// Where the library has its own it is that of Buildah and Podman.
	if !regexp.MustCompile(`^(/run/user/|.*/storage-run-|/tmp/containers-user-)51234/containers$`).MatchString(got.Why) {
		t.Errorf("run-time files are in %s", got.Why)
	}
}

// showPlace opens the store where the environment puts it. Why is the place for run-time files then.
func showPlace(_ scene) (result outcome, _ error) {
	err := SettleRuntimeDirectory()
	var opened *Store
	if err == nil {
		opened, err = Open(Wish{})
	}
	var obstacle *host.Obstacle
	switch {
	case errors.As(err, &obstacle):
		result.Message, result.Remedy, err = obstacle.Message, obstacle.Remedy, nil
	case err != nil:
		return result, err
	default:
		result.Driver, result.Why = opened.Driver, opened.RunRoot()
		err = opened.Close()
		if runtime := filepath.Dir(opened.RunRoot()); runtime != "/run" && runtime != "/tmp" {
			err = errors.Join(err, os.RemoveAll(runtime))
		}
	}
	return result, err
}
