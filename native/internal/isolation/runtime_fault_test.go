package isolation

import (
	"errors"
	"strings"
	"testing"
)

func TestTheLogOfARuntimeIsNotRepeated(t *testing.T) {
	for text, want := range map[string]string{
		"a\nb: permission denied\n": "b: permission denied",
		`time="2026-01-01T00:00:00Z" level=error msg="run failed: exec \"/nothing\": permission denied"` + "\n": `run failed: exec "/nothing": permission denied`,
		"": "",
	} {
		if got := complaint(text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestARuntimesWordsAreExplainedInOneSentenceWithAFix(t *testing.T) {
	for said, want := range map[string]struct{ message, remedy string }{
		"unknown version specified":                              {"too old", "crun 1.8.4 or newer"},
		"cgroups in hybrid mode not supported, drop all":         {"hybrid", "systemd.unified_cgroup_hierarchy=1"},
		"container_linux.go:1: exec /nothing: permission denied": {"noexec", "not mounted noexec"},
		"something else": {"something else", "runc"},
	} {
		got := noRuntime([]runtimeProblem{{"/usr/bin/crun", errors.New(said)}})
		if !strings.Contains(got.Message, want.message) || !strings.Contains(got.Remedy, want.remedy) || strings.Contains(got.Message, "\n") {
			t.Errorf("%s: %+v", said, got)
		}
	}
	if got := noRuntime(nil); !strings.Contains(got.Message, "crun, runc") || !strings.Contains(got.Remedy, "runc") {
		t.Errorf("got %+v", got)
	}
}

func TestARuntimeThatIsInstalledIsNotToBeInstalled(t *testing.T) {
	for _, said := range []string{"unknown version specified", "cgroups in hybrid mode not supported", "something else"} {
		got := noRuntime([]runtimeProblem{{"/usr/bin/crun", errors.New(said)}, {"/usr/sbin/runc", errors.New("refused")}})
		if strings.Contains(got.Remedy, "install") || strings.Contains(got.Remedy, "runc") || !strings.Contains(got.Message, "/usr/sbin/runc: refused") {
			t.Errorf("%s: %+v", said, got)
		}
	}
}
