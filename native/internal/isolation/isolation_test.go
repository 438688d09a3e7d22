package isolation

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRootGetsChrootUnlessItAsksForContainers(t *testing.T) {
	for _, mode := range []string{"", "auto", "default", "docker"} {
		choice, err := Choose(t.Context(), Request{Mode: mode})
		if err != nil || choice.Mode != Chroot {
			t.Errorf("%q: got %+v, %v", mode, choice, err)
		}
		if warned := len(choice.Warnings) > 0; warned != (mode == "docker") {
			t.Errorf("%q: warnings %q", mode, choice.Warnings)
		}
	}
}

func TestAnUnknownModeIsRefusedWithTheList(t *testing.T) {
	if _, err := Choose(t.Context(), Request{Mode: "vm"}); err == nil || !strings.Contains(err.Error(), "native-chroot") {
		t.Errorf("got %v", err)
	}
}

// fakeRuntime is a program that answers every call of an OCI runtime alike.
func fakeRuntime(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "runtime")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestARuntimeThatFailsItsTrialIsNamedWithItsWords(t *testing.T) {
	broken := fakeRuntime(t, "echo first >&2; echo cannot do it >&2; exit 4")
	request := Request{Mode: "native-rootless", Runtime: broken, Scratch: t.TempDir(), Memory: filepath.Join(t.TempDir(), "memory")}
	_, err := Choose(t.Context(), request)
	if err == nil || !strings.Contains(err.Error(), broken) || !strings.Contains(err.Error(), "cannot do it") {
		t.Errorf("got %v", err)
	}
}

func TestAnOrdinaryUserGetsChrootWhereNoRuntimeWorks(t *testing.T) {
	request := Request{Mode: "auto", Rootless: true, Runtime: "no-such-runtime", Scratch: t.TempDir()}
	choice, err := Choose(t.Context(), request)
	if err != nil || choice.Mode != Chroot || !strings.Contains(choice.Why, "no-such-runtime") {
		t.Errorf("got %+v, %v", choice, err)
	}
}

func TestARuntimeThatPassedIsNotTriedAgain(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	working := fakeRuntime(t, "echo call >> "+calls)
	request := Request{Runtime: working, Scratch: t.TempDir(), Memory: filepath.Join(t.TempDir(), "memory")}
	for range 2 {
		if _, err := FindRuntime(context.Background(), request); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(calls)
	if err != nil || strings.Count(string(text), "call") != 1 {
		t.Errorf("calls: %q, %v", text, err)
	}
}

func TestNetworksAreHostOrNone(t *testing.T) {
	for text, want := range map[string]Network{"": HostNetwork, "default": HostNetwork, "host": HostNetwork, "none": NoNetwork} {
		if got, err := ParseNetwork(text); err != nil || got != want {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	if _, err := ParseNetwork("bridge"); err == nil {
		t.Error("an unknown network was accepted")
	}
}
