package main

import (
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

func TestAnEngineOfTheSameVersionIsGreeted(t *testing.T) {
	e := start(t, t.TempDir())
	must(t, e.greet(version, protocol.Version))
}

func TestAnotherVersionIsRefused(t *testing.T) {
	e := start(t, t.TempDir())
	if got := failureOf(t, e.greet("9.9.9", protocol.Version)); got.Code != "VERSION_MISMATCH" || !strings.Contains(got.Message, "9.9.9") {
		t.Errorf("got %+v", got)
	}
	if got := failureOf(t, e.greet(version, protocol.Version+1)); got.Code != "VERSION_MISMATCH" {
		t.Errorf("got %+v", got)
	}
}

func TestNothingIsAnsweredBeforeHello(t *testing.T) {
	e := start(t, t.TempDir())
	if got := failure(e, "image.list", protocol.ImageList{}); got.Code != "HELLO_MISSING" {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutAStoreEveryStoreOperationSaysSo(t *testing.T) {
	e := start(t, t.TempDir())
	must(t, e.greet(version, protocol.Version))
	if got := failure(e, "image.list", protocol.ImageList{Repository: "x"}); got.Code != "NO_STORE" {
		t.Errorf("got %+v", got)
	}
}

func TestParametersThatDoNotFitAreNamed(t *testing.T) {
	e := start(t, t.TempDir())
	must(t, e.greet(version, protocol.Version))
	if got := failure(e, "image.tag", map[string]string{"image": "x"}); got.Code != "BAD_REQUEST" || !strings.Contains(got.Message, "name") {
		t.Errorf("got %+v", got)
	}
}

func TestClosingTheInputEndsTheProcess(t *testing.T) {
	e := start(t, t.TempDir())
	must(t, e.greet(version, protocol.Version))
	before := time.Now()
	e.stop()
	if took := time.Since(before); took > time.Second || e.command.ProcessState.ExitCode() != 0 {
		t.Errorf("took %s, status %d", took, e.command.ProcessState.ExitCode())
	}
}
