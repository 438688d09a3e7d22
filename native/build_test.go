package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

const epoch = 1700000000

// base is a Dockerfile's beginning: an image of one static program, so that no registry is needed.
const base = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n"

func dockerfile(t *testing.T, e *engine, text string) protocol.ImageBuild {
	t.Helper()
	socket, checksums, _ := sendContext(t, e, text, map[string]string{"a": "text"})
	return protocol.ImageBuild{
		Token: "build", Dockerfile: text, DockerfileName: "Dockerfile", ContextSocket: socket, ContextChecksums: checksums,
		BuildArgs: []protocol.Pair{}, AddHosts: []string{}, Network: "default", SourceDateEpoch: epoch,
	}
}

func TestABuildReportsItsStepsAndRunsWhatItMade(t *testing.T) {
	e := opened(t, t.TempDir())
	text := base + "COPY a /a\nRUN id -u; cat /a; echo; printf end\nCMD [\"/bin/cat\", \"/a\"]\n"
	built := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, text))
	if steps := e.texts(protocol.ProgressKindStep); len(steps) != 6 || !slices.Contains(steps, "FROM scratch") || !slices.Contains(steps, "COPY a /a") {
		t.Errorf("steps: %q", steps)
	}
	// The client of these tests does not keep the order of notifications.
	lines := e.texts(protocol.ProgressKindLog)
	if slices.Sort(lines); !slices.Equal(lines, []string{"0", "end", "text"}) {
		t.Errorf("lines: %q", lines)
	}
	ran := call[protocol.Ran](e, "image.run", protocol.RunCommand{Image: built.Facts.Id, Command: []string{}})
	if again := e.texts(protocol.ProgressKindLog); ran.ExitCode != 0 || len(again) != 4 || again[3] != "text" {
		t.Errorf("exit status %d, lines: %q", ran.ExitCode, again)
	}
	ran = call[protocol.Ran](e, "image.run", protocol.RunCommand{Image: built.Facts.Id, Command: []string{"/bin/sh", "-c", "exit 3"}})
	if ran.ExitCode != 3 {
		t.Errorf("exit status %d, wanted 3", ran.ExitCode)
	}
}

func TestTheSameBuildIsTheSameImageInAnyStore(t *testing.T) {
	text := base + "COPY a /a\nRUN date > /dev/null; touch /b; mkdir -p /c/d\nENV A=1\n"
	var built [2]protocol.ImageFacts
	for i := range built {
		e := opened(t, t.TempDir())
		built[i] = call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, text)).Facts
		// A second apart, so that a time that got in would show.
		time.Sleep(1100 * time.Millisecond)
	}
	if built[0].Id != built[1].Id || !slices.Equal(built[0].DiffIds, built[1].DiffIds) {
		t.Errorf("%+v\n%+v", built[0], built[1])
	}
	if built[0].Created != "2023-11-14T22:13:20Z" {
		t.Errorf("created %s", built[0].Created)
	}
}

func TestAFailedStepTellsStatusInstructionLineAndLastOutput(t *testing.T) {
	e := opened(t, t.TempDir())
	text := base + "# a comment\nRUN seq 1 60; \\\n  exit 7\n"
	got := failure(e, "image.build", dockerfile(t, e, text))
	if got.Code != "BUILD_FAILED" || got.ExitCode != 7 || got.Line != 5 || !strings.HasPrefix(got.Instruction, "RUN seq 1 60;") {
		t.Errorf("got %+v", got)
	}
	if len(got.Tail) != 50 || got.Tail[0] != "11" || got.Tail[49] != "60" {
		t.Errorf("last lines: %q", got.Tail)
	}
}

func TestOCIMediaTypesUnlessSomethingWouldBeLost(t *testing.T) {
	e := opened(t, t.TempDir())
	plain := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base)).Facts
	if plain.MediaType != "application/vnd.oci.image.manifest.v1+json" {
		t.Errorf("plain: %s", plain.MediaType)
	}
	checked := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"HEALTHCHECK CMD true\nONBUILD RUN true\n")).Facts
	if checked.MediaType != "application/vnd.docker.distribution.manifest.v2+json" || !slices.Equal(checked.OnBuild, []string{"RUN true"}) {
		t.Errorf("with a health check: %+v", checked)
	}
}

func TestLabelsMakeANewImageOverTheSameLayers(t *testing.T) {
	e := opened(t, t.TempDir())
	plain := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"LABEL own=1\n")).Facts
	commit := protocol.ImageCommit{Image: plain.Id, Labels: []protocol.Pair{{Name: "more", Value: "2"}}, SourceDateEpoch: epoch, Name: "project:tag"}
	labelled := call[protocol.ImageFacts](e, "image.commit", commit)
	again := call[protocol.ImageFacts](e, "image.commit", commit)
	if labelled.Id == plain.Id || labelled.Id != again.Id || !slices.Equal(labelled.DiffIds, plain.DiffIds) {
		t.Errorf("%+v\n%+v", plain, labelled)
	}
	if !slices.Equal(labelled.Labels, []protocol.Pair{{Name: "more", Value: "2"}, {Name: "own", Value: "1"}}) {
		t.Errorf("labels: %v", labelled.Labels)
	}
	tags := call[protocol.TagList](e, "image.list", protocol.ImageList{Repository: "localhost/project", Prefix: "t"})
	if !slices.Equal(tags.Tags, []string{"tag"}) {
		t.Errorf("tags: %q", tags.Tags)
	}
	call[protocol.Nothing](e, "image.remove", protocol.ImageName{Image: "project:tag"})
	if facts := call[protocol.ImageFacts](e, "image.inspect", protocol.ImageName{Image: labelled.Id}); facts.Found {
		t.Error("an image whose last name was removed is still there")
	}
	if facts := call[protocol.ImageFacts](e, "image.inspect", protocol.ImageName{Image: plain.Id}); !facts.Found {
		t.Error("the image whose layers it shared is gone")
	}
}

func TestStepsSeeTheNetworkAskedFor(t *testing.T) {
	e := opened(t, t.TempDir())
	for network, devices := range map[string]string{"none": "= 1", "host": "-ge 1"} {
		build := dockerfile(t, e, base+"RUN test $(grep -c : /proc/net/dev) "+devices+" # "+network+"\n")
		build.Network = network
		call[protocol.ImageBuilt](e, "image.build", build)
	}
}

func TestLimitsOfStepsAreThoseAskedFor(t *testing.T) {
	e := start(t, t.TempDir(), "--store")
	must(t, e.greet(version, protocol.Version))
	call[protocol.StoreOpened](e, "store.open", protocol.StoreOpen{Mode: "native-chroot", Ulimits: []string{"nofile:1000:1010"}})
	call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"RUN test $(ulimit -Sn):$(ulimit -Hn) = 1000:1010\n"))
}

func TestEightBuildsAtOnceInOneEngine(t *testing.T) {
	e := opened(t, t.TempDir())
	call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base))
	failed := make(chan error)
	for i := range 8 {
		build := dockerfile(t, e, base+fmt.Sprintf("RUN echo %d > /number; seq 1 20000 > /lines\n", i))
		go func() {
			var built protocol.ImageBuilt
			failed <- e.client.CallResult(context.Background(), "image.build", build, &built)
		}()
	}
	for range 8 {
		must(t, <-failed)
	}
}
