package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	digest "github.com/opencontainers/go-digest"

	"slipway.dev/engine/internal/recipe"
)

// lastWord is what a recipe runs.
func lastWord(made recipe.Recipe) string {
	for _, step := range made.Steps {
		if run, is := step.(recipe.Run); is {
			return run.Command[len(run.Command)-1]
		}
	}
	return ""
}

func TestStagesThatDoNotNeedEachOtherAreBuiltAtOnce(t *testing.T) {
	w := newWorkplace(t)
	arrived, proceed := make(chan string, 2), make(chan struct{})
	w.during = func(ctx context.Context, made recipe.Recipe) error {
		if name := lastWord(made); name == "a" || name == "b" {
			arrived <- name
			select {
			case <-proceed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	}
	go func() {
		<-arrived
		<-arrived
		close(proceed)
	}()
	image := w.build(t, "FROM scratch AS a\nRUN a\nFROM scratch AS b\nRUN b\nFROM scratch AS unused\nRUN unused\n"+
		"FROM a\nCOPY --from=b /x /x\nRUN --mount=from=a,target=/a last\n")
	if len(image.DiffIDs) != 3 || len(w.made) != 4 {
		t.Errorf("%d layers of %d that were made", len(image.DiffIDs), len(w.made))
	}
	if last := w.made[len(w.made)-1]; lastWord(last) != "last" || last.Steps[0].(recipe.Run).Mounts[0].Tree == nil {
		t.Errorf("last: %+v", last)
	}
	if len(w.saved) != 2 || len(w.saved[0].DiffIDs) != 1 {
		t.Errorf("saved: %+v", w.saved)
	}
	if len(w.steps) != 7 || !slices.Contains(w.steps, "7/7 RUN --mount=from=a,target=/a last") {
		t.Errorf("steps: %q", w.steps)
	}
	if !slices.Contains(w.lines, "[a] output") || !slices.Contains(w.lines, "[3] output") {
		t.Errorf("lines: %q", w.lines)
	}
}

func TestTheFirstFailureStopsTheOtherStages(t *testing.T) {
	w := newWorkplace(t)
	begun := make(chan struct{})
	w.during = func(ctx context.Context, made recipe.Recipe) error {
		switch lastWord(made) {
		case "bad":
			<-begun
			return &recipe.CommandFailed{Status: 7, Tail: []string{"last words"}, Cause: errors.New("exit")}
		case "endless":
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	text := "FROM scratch AS a\nRUN good\n\n# comment\nRUN bad\nFROM scratch AS b\nRUN good\nRUN endless\nFROM a\nCOPY --from=b x /x\n"
	began := time.Now()
	_, err := w.builder().Build(t.Context(), w.request(text), w)
	var failure *recipe.BuildError
	if !errors.As(err, &failure) || failure.Line != 5 || failure.Instruction != "RUN bad" || failure.ExitCode != 7 || failure.Tail[0] != "last words" {
		t.Errorf("got %+v", err)
	}
	if time.Since(began) > 10*time.Second {
		t.Error("the others were waited for")
	}
	if len(w.saved) != 2 {
		t.Errorf("saved of what was interrupted: %+v", w.saved)
	}
}

func TestATriggerThatFailsHasNoLine(t *testing.T) {
	w := newWorkplace(t)
	base := baseImage()
	base.Configuration.Config.OnBuild = []string{"RUN bad"}
	w.bases["base"] = base
	w.during = func(context.Context, recipe.Recipe) error { return &recipe.CommandFailed{Status: 1} }
	_, err := w.builder().Build(t.Context(), w.request("FROM base\n"), w)
	var failure *recipe.BuildError
	if !errors.As(err, &failure) || failure.Line != 0 || failure.Instruction != "RUN bad" {
		t.Errorf("got %+v", err)
	}
}

func TestImagesOutsideAreBroughtOnceForTheirPlatform(t *testing.T) {
	w := newWorkplace(t)
	w.bases["one"], w.bases["two"] = recipe.Image{}, recipe.Image{}
	w.build(t, "FROM --platform=linux/arm64 one AS a\nRUN a\nFROM a AS b\nCOPY --from=two /x /x\nFROM one AS c\nFROM one\n"+
		"COPY --from=two /x /x\nCOPY --from=b /x /x\nCOPY --from=c /x /x\nRUN --mount=from=two,target=/x true\n")
	slices.Sort(w.fetched)
	want := []string{"one linux/amd64", "one linux/arm64", "two linux/amd64", "two linux/arm64"}
	if !slices.Equal(w.fetched, want) {
		t.Errorf("fetched %q", w.fetched)
	}
}

func TestAnImageThatCannotBeHadNamesTheInstruction(t *testing.T) {
	w := newWorkplace(t)
	for text, want := range map[string]string{
		"ARG V=1\nFROM gone:$V AS s\n":                "Dockerfile:2: FROM gone:1 AS s: no image gone:1",
		"FROM scratch\nCOPY --from=gone /x /x\n":      "Dockerfile:2: COPY --from=gone /x /x: no image gone",
		"FROM scratch\nEXPOSE 80-x\n":                 "Dockerfile:2: EXPOSE 80-x: port \"80-x\" is not a number up to 65535, nor a range of them",
		"FROM scratch\nRUN --mount=type=tmpfs true\n": "Dockerfile:2: RUN --mount=type=tmpfs true: --mount=type=tmpfs has no target",
		"FROM scratch\nENV A=${B\n":                   "Dockerfile:2: ENV A=${B: failed to process",
	} {
		if _, err := w.builder().Build(t.Context(), w.request(text), w); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: got  %v\nwant %s", text, err, want)
		}
	}
}

func TestOnlyLayersOfTheTargetAreUploaded(t *testing.T) {
	w := newWorkplace(t)
	request := w.request("FROM scratch AS below\nRUN below\nFROM scratch AS beside\nRUN beside\nFROM below\nCOPY --from=beside /x /x\n")
	request.UploadTo = "registry/app"
	image, err := w.builder().Build(t.Context(), request, w)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range w.made {
		if want := lastWord(made) != "beside"; (made.UploadTo != "") != want {
			t.Errorf("%+v", made)
		}
	}
	again, err := w.builder().Build(t.Context(), request, w)
	if err != nil || len(w.made) != 3 || !slices.Equal(again.DiffIDs, image.DiffIDs) {
		t.Errorf("again: %v, %d were made", err, len(w.made))
	}
	if len(w.sent) != 2 || w.sent[0].ID == "" || w.sent[0].DiffID != image.DiffIDs[0] {
		t.Errorf("sent what was remembered: %+v", w.sent)
	}
}

func TestATriggerThatNeedsAnotherStageIsLeftToOthers(t *testing.T) {
	w := newWorkplace(t)
	base := baseImage()
	base.Configuration.Config.OnBuild = []string{"COPY --from=other /x /x"}
	w.bases["base"] = base
	_, err := w.builder().Build(t.Context(), w.request("FROM scratch AS other\nRUN x\nFROM base\n"), w)
	var got *Unsupported
	if !errors.As(err, &got) || got.Line != 0 || got.What != "ONBUILD COPY --from=other /x /x of the base image" {
		t.Errorf("got %v", err)
	}
}

func TestABaseWithoutAHistoryGetsOne(t *testing.T) {
	w := newWorkplace(t)
	w.bases["base"] = recipe.Image{Layer: "l", DiffIDs: []digest.Digest{"sha256:1", "sha256:2"}}
	if history := w.build(t, "FROM base\nRUN x\n").Configuration.History; len(history) != 3 || history[1].EmptyLayer {
		t.Errorf("got %+v", history)
	}
}
