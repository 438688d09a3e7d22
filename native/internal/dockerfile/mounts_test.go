package dockerfile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"slipway.dev/engine/internal/isolation"
	"slipway.dev/engine/internal/recipe"
)

// withMounts builds a RUN with mounts, and gives what was run; secrets s and t are given, and the agent default.
func withMounts(t *testing.T, w *workplace, text string) (recipe.Run, error) {
	t.Helper()
	request := w.request("FROM scratch AS first\nRUN first\nFROM scratch\nWORKDIR /w\n" + text + "\n")
	request.Secrets = map[string][]byte{"s": []byte("content"), "t/u": []byte("other"), "z": {0}}
	request.Agents = map[string]string{"default": listening(t), "gone": "/nowhere"}
	_, err := w.builder().Build(t.Context(), request, w)
	for _, made := range w.made {
		if run, is := made.Steps[0].(recipe.Run); is && lastWord(made) != "first" {
			return run, err
		}
	}
	return recipe.Run{}, err
}

// listening is a socket that somebody listens at.
func listening(t *testing.T) string {
	t.Helper()
	return serveContext(t, "/nowhere")
}

// told writes a mount in one line.
func told(mount recipe.Mount) string {
	text := mount.Target
	if mount.ReadOnly {
		text += " ro"
	}
	switch {
	case mount.Secret != nil:
		text += fmt.Sprintf(" secret %s %s", mount.Secret.Content, mount.Secret.Access)
	case mount.Agent != nil:
		text += fmt.Sprintf(" agent %s", mount.Agent.Access)
	case mount.Cache != nil:
		text += fmt.Sprintf(" cache %s %s %v %s", mount.Cache.ID, mount.Cache.Sharing, mount.Cache.Access, mount.Source)
		if mount.Tree != nil {
			text += fmt.Sprintf(" of %d layers", len(mount.Tree.DiffIDs))
		}
	}
	return text
}

func TestMountsAreAsBuildKitReadsThem(t *testing.T) {
	for flags, want := range map[string]string{
		"type=secret,id=s":                                  "/run/secrets/s ro secret content 0:0:400",
		"type=secret,source=t/u":                            "/run/secrets/u ro secret other 0:0:400",
		"type=secret,target=x/s,mode=0644,uid=1,gid=2":      "/w/x/s ro secret content 1:2:644",
		"type=secret,id=s,env=V":                            "V=content",
		"type=secret,id=s,env=":                             "s=content",
		"type=secret,id=s,env=V,target=/x":                  "/x ro secret content 0:0:400 V=content",
		"type=secret,id=none":                               "",
		"type=secret,id=none,env=V":                         "",
		"type=ssh":                                          "/run/buildkit/ssh_agent.0 ro agent 0:0:600 SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0",
		"type=ssh,id=default,target=a,uid=3,mode=777":       "/w/a ro agent 3:0:777 SSH_AUTH_SOCK=/w/a",
		"type=ssh,id=gone":                                  "",
		"type=ssh,id=none":                                  "",
		"type=cache,target=c":                               "/w/c cache /c shared <nil> /",
		"type=cache,target=/c/,id=i,sharing=locked,ro":      "/c ro cache /i locked <nil> /",
		"type=cache,target=/c,gid=4,sharing=private":        "/c cache //c private 0:4:755 /",
		"type=cache,target=/c,from=first,source=a,mode=700": "/c cache //c shared 0:0:700 /a of 1 layers",
	} {
		run, err := withMounts(t, newWorkplace(t), "RUN --mount="+flags+" x")
		var got []string
		for _, mount := range run.Mounts {
			got = append(got, told(mount))
		}
		got = append(got, slices.DeleteFunc(slices.Clone(run.Env), func(pair string) bool { return strings.HasPrefix(pair, "PATH=") })...)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s:\ngot  %s, %v\nwant %s", flags, strings.Join(got, " "), err, want)
		}
	}
}

func TestAgentsAreNumberedAndTheFirstIsAsked(t *testing.T) {
	run, err := withMounts(t, newWorkplace(t), "RUN --mount=type=ssh,id=none --mount=type=ssh --mount=type=ssh x")
	if err != nil || len(run.Mounts) != 2 || run.Mounts[1].Target != "/run/buildkit/ssh_agent.2" ||
		!slices.Contains(run.Env, "SSH_AUTH_SOCK=/run/buildkit/ssh_agent.1") {
		t.Errorf("got %+v, %v", run, err)
	}
	run, err = withMounts(t, newWorkplace(t), "ENV SSH_AUTH_SOCK=/own\nRUN --mount=type=ssh x")
	if err != nil || !slices.Contains(run.Env, "SSH_AUTH_SOCK=/own") {
		t.Errorf("got %+v, %v", run, err)
	}
}

func TestWhatCannotBeMountedNamesTheLine(t *testing.T) {
	for flags, want := range map[string]string{
		"type=secret,id=none,required":       `the secret "none" is required, and none of that id is given: add it to ` + "`secrets` of the image",
		"type=secret,id=none,env=V,required": `the secret "none" is required, and none of that id is given: add it to ` + "`secrets` of the image",
		"type=secret,id=z,env=V":             `the secret "z" cannot be the variable V: it holds a zero byte`,
		"type=ssh,id=none,required":          `the SSH agent "none" is required, and there is none: start one and set SSH_AUTH_SOCK`,
		"type=ssh,id=gone,required":          `the SSH agent "gone" is required: it cannot be reached: stat /nowhere: no such file or directory`,
		"type=ssh,source=x":                  "--mount=type=ssh has no source",
		"type=cache":                         "--mount=type=cache has no target",
		"type=cache,target=/":                "--mount=type=cache cannot have the target /",
		"type=secret,id=s,target=/":          "--mount=type=secret cannot have the target /",
	} {
		_, err := withMounts(t, newWorkplace(t), "RUN --mount="+flags+" x")
		var failure *recipe.BuildError
		if !errors.As(err, &failure) || failure.Line != 5 || failure.Cause.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", flags, err, want)
		}
	}
}

func TestWhatAMountShowsDecidesNothingHowItIsDoes(t *testing.T) {
	w := newWorkplace(t)
	builder := w.builder()
	builds := func(flags string, secrets map[string][]byte) bool {
		before := len(w.made)
		request := w.request("FROM scratch\nRUN --mount=" + flags + " x\n")
		request.Secrets = secrets
		if _, err := builder.Build(t.Context(), request, w); err != nil {
			t.Fatal(err)
		}
		return len(w.made) > before
	}
	seen := map[string]bool{}
	for _, flags := range []string{
		"type=cache,target=/c", "type=cache,target=/c,id=d", "type=cache,target=/c,sharing=locked", "type=cache,target=/c,uid=1",
		"type=cache,target=/c,ro", "type=cache,target=/d,id=/c", "type=cache,target=/c,source=x", "type=secret,id=s", "type=secret,id=s,env=V",
		"type=secret,id=s,mode=444", "type=secret,id=s,target=/s", "type=secret,id=u", "type=ssh", "type=ssh,id=u", "type=tmpfs,target=/c",
		"type=secret,id=s,required",
	} {
		if !builds(flags, map[string][]byte{"s": []byte("one")}) {
			t.Errorf("%s is taken for another", flags)
		}
		if builds(flags, map[string][]byte{"s": []byte("two"), "u": nil}) {
			t.Errorf("%s is built again", flags)
		}
		seen[flags] = true
	}
	if len(w.made) != len(seen) {
		t.Errorf("made %d of %d", len(w.made), len(seen))
	}
}

func TestNoSecretIsRemembered(t *testing.T) {
	w := newWorkplace(t)
	if _, err := withMounts(t, w, "RUN --mount=type=secret,id=s,env=V --mount=type=secret,id=s x"); err != nil {
		t.Fatal(err)
	}
	for _, made := range w.saved {
		if text := fmt.Sprintf("%+v", made); strings.Contains(text, "content") {
			t.Errorf("saved %s", text)
		}
	}
	if text := fmt.Sprint(w.steps, w.lines, slices.Collect(maps.Keys(w.layers))); strings.Contains(text, "content") {
		t.Errorf("told %s", text)
	}
}

func TestWhatCannotRunHereIsRefusedBeforeAnythingBegins(t *testing.T) {
	triggering := baseImage()
	triggering.Configuration.Config.OnBuild = []string{"RUN triggered"}
	for name, one := range map[string]struct {
		text, want       string
		noRun, noNetwork error
		network          isolation.Network
	}{
		"a RUN": {text: "FROM base\nCOPY a /a\nRUN x\n", noRun: errors.New("no step can be run, as the reason"),
			want: "Dockerfile:3: RUN x: RUN cannot be executed here: no step can be run, as the reason"},
		"a RUN of a stage that is needed": {text: "FROM scratch AS s\nRUN x\nFROM scratch\nCOPY --from=s /x /x\n", noRun: errors.New("why"),
			want: "Dockerfile:2: RUN x: RUN cannot be executed here: why"},
		"one without a network": {text: "FROM base\nRUN x\nRUN --network=none y\n", noNetwork: errors.New("network none is not possible here: why"),
			want: "Dockerfile:3: RUN --network=none y: network none is not possible here: why"},
		"a build without a network": {text: "FROM base\nRUN --network=host x\nRUN y\n", noNetwork: errors.New("why"), network: isolation.NoNetwork,
			want: "Dockerfile:3: RUN y: why"},
		"a trigger": {text: "FROM triggering\n", noRun: errors.New("why"), want: "Dockerfile: RUN triggered: RUN cannot be executed here: why"},
	} {
		w := newWorkplace(t)
		w.bases["triggering"] = triggering
		builder := w.builder()
		builder.NoRun, builder.NoNetwork = one.noRun, one.noNetwork
		request := w.request(one.text)
		if one.network != "" {
			request.Network = one.network
		}
		_, err := builder.Build(t.Context(), request, w)
		if fmt.Sprint(err) != one.want || len(w.made) > 0 || (name != "a trigger" && len(w.fetched) > 0) {
			t.Errorf("%s: got %v, made %d, fetched %q", name, err, len(w.made), w.fetched)
		}
	}
}

func TestWhatNobodyNeedsMayBeImpossible(t *testing.T) {
	w := newWorkplace(t)
	builder := w.builder()
	builder.NoRun, builder.NoNetwork = errors.New("no"), errors.New("no")
	text := "FROM scratch AS other\nRUN x\nFROM scratch\nCOPY a /a\nWORKDIR /w\n"
	if _, err := builder.Build(context.Background(), w.request(text), w); err != nil {
		t.Error(err)
	}
	builder.NoRun = nil
	if _, err := builder.Build(context.Background(), w.request("FROM scratch\nRUN x\n"), w); err != nil {
		t.Error(err)
	}
}
