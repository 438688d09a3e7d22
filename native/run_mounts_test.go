package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

// hidden is a secret's content that is nowhere else, not even in this program.
var hidden = "hidden-" + rand.Text()

// succeeds builds.
func succeeds(t *testing.T, e *engine, build protocol.ImageBuild) (facts protocol.ImageFacts, err error) {
	t.Helper()
	var built protocol.ImageBuilt
	err = e.client.CallResult(context.Background(), "image.build", build, &built)
	return built.Facts, err
}

// given is a build with secrets, by id, and sockets of SSH agents, by id.
func given(t *testing.T, e *engine, text string, secrets, agents map[string]string) protocol.ImageBuild {
	t.Helper()
	build := dockerfile(t, e, text)
	for id, content := range secrets {
		build.Secrets = append(build.Secrets, protocol.BuildSecret{Id: id, Content: base64.StdEncoding.EncodeToString([]byte(content))})
	}
	for id, socket := range agents {
		build.SshAgents = append(build.SshAgents, protocol.Pair{Name: id, Value: socket})
	}
	return build
}

func TestSecretsAreSeenByTheCommandAlone(t *testing.T) {
	e := opened(t, t.TempDir())
	plain := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base)).Facts
	for name, text := range map[string]string{
		"the usual place":         "RUN --mount=type=secret,id=s test $(cat /run/secrets/s)$(stat -c %u:%g:%a /run/secrets/s) = " + hidden + "0:0:400\n",
		"nobody else's":           "USER 5\nRUN --mount=type=secret,id=s ! cat /run/secrets/s\n",
		"not to be changed":       "RUN --mount=type=secret,id=s ! echo x > /run/secrets/s\n",
		"owner and mode":          "USER 5\nRUN --mount=type=secret,id=s,uid=5,gid=6,mode=0440 test $(cat /run/secrets/s)$(stat -c %u:%g:%a /run/secrets/s) = " + hidden + "5:6:440\n",
		"another place":           "WORKDIR /\nRUN --mount=type=secret,id=s,target=a/b/c test $(cat /a/b/c) = " + hidden + "\n",
		"an id from the place":    "RUN --mount=type=secret,target=/x/s test $(cat /x/s) = " + hidden + "\n",
		"source is the id":        "RUN --mount=type=secret,source=s,target=/x test $(cat /x) = " + hidden + "\n",
		"a variable":              "RUN --mount=type=secret,id=s,env=V test $V = " + hidden + " && test ! -e /run/secrets\n",
		"a variable and a file":   "RUN --mount=type=secret,id=s,env=V,target=/f test $V = $(cat /f)\n",
		"a variable over another": "ENV V=x\nRUN --mount=type=secret,id=s,env=V test $V = " + hidden + "\n",
		"several":                 "RUN --mount=type=secret,id=s --mount=type=secret,id=empty test $(cat /run/secrets/s) = " + hidden + " -a -f /run/secrets/empty\n",
		"none, and none needed":   "RUN --mount=type=secret,id=other test ! -e /run/secrets\n",
		"none after a command":    "RUN --mount=type=secret,id=s true\nRUN test ! -e /run\n",
		"after a failure":         "RUN --mount=type=secret,id=s cat /run/secrets/s > /dev/null; true\n",
	} {
		t.Run(name, func(t *testing.T) {
			facts, err := succeeds(t, e, given(t, e, base+text, map[string]string{"s": hidden, "empty": ""}, nil))
			must(t, err)
			// WORKDIR / and USER make no layer, and the commands write nothing.
			if !slices.Equal(facts.DiffIds, plain.DiffIds) {
				t.Errorf("%d layers, wanted %d", len(facts.DiffIds), len(plain.DiffIds))
			}
		})
	}
}

func TestWhatIsRequiredAndNotThereIsNamedWithItsLine(t *testing.T) {
	e := opened(t, t.TempDir())
	for text, want := range map[string]string{
		"RUN --mount=type=secret,id=s,required true": `the secret "s" is required, and none of that id is given: add it to ` + "`secrets` of the image",
		"RUN --mount=type=ssh,required=true true":    `the SSH agent "default" is required, and there is none: start one and set SSH_AUTH_SOCK`,
		"RUN --mount=type=ssh,id=gone,required true": `the SSH agent "gone" is required: it cannot be reached: stat /nowhere: no such file or directory`,
	} {
		got := failure(e, "image.build", given(t, e, base+"\n"+text+"\n", nil, map[string]string{"gone": "/nowhere"}))
		if want = "Dockerfile:5: " + text + ": " + want; got.Message != want || got.Line != 5 {
			t.Errorf("got  %s\nwant %s", got.Message, want)
		}
	}
	_, err := succeeds(t, e, given(t, e, base+"RUN --mount=type=ssh,id=gone test -z \"$SSH_AUTH_SOCK\"\n", nil, map[string]string{"gone": "/nowhere"}))
	must(t, err)
}

// filesHolding lists the files below directories that hold a text.
func filesHolding(t *testing.T, text string, directories ...string) (found []string) {
	t.Helper()
	// Where nothing can be mounted, secrets may lie there.
	memory, err := filepath.Glob("/dev/shm/slipway-????????????????-*")
	must(t, err)
	directories = append(directories, memory...)
	for _, directory := range directories {
		must(t, filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return nil
			}
			content, err := os.ReadFile(path)
			if err == nil && bytes.Contains(content, []byte(text)) {
				found = append(found, path)
			}
			return nil
		}))
	}
	return found
}

func TestNothingIsLeftOfASecret(t *testing.T) {
	home := t.TempDir()
	e := opened(t, home)
	text := base + "RUN --mount=type=secret,id=s --mount=type=secret,id=s,env=V touch /made\n"
	failing := base + "RUN --mount=type=secret,id=s exit 3\n"
	_, err := succeeds(t, e, given(t, e, text, map[string]string{"s": hidden}, nil))
	must(t, err)
	failure(e, "image.build", given(t, e, failing, map[string]string{"s": hidden}, nil))
	if found := filesHolding(t, hidden, home, e.run); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
	if lines := strings.Join(e.texts(protocol.ProgressKindLog), "\n"); strings.Contains(lines, hidden) {
		t.Errorf("logged: %s", lines)
	}
	// The same command with another secret is the same instruction.
	before := len(e.texts(protocol.ProgressKindUsage))
	_, err = succeeds(t, e, given(t, e, text, map[string]string{"s": "other-content"}, nil))
	must(t, err)
	if after := len(e.texts(protocol.ProgressKindUsage)); after != before {
		t.Error("it ran again")
	}
}

func TestASecretOfAnEngineThatWasKilledIsOnNoDisk(t *testing.T) {
	home := t.TempDir()
	e := opened(t, home)
	build := given(t, e, base+"RUN --mount=type=secret,id=s echo begun; sleep 60\n", map[string]string{"s": hidden}, nil)
	go func() { _, _ = succeeds(t, e, build) }()
	e.waitFor("begun")
	if found := filesHolding(t, hidden, home, e.run); len(found) > 0 {
		t.Errorf("seen from outside: %q", found)
	}
	must(t, e.command.Process.Kill())
	e.wait()
	again := opened(t, home)
	if found := filesHolding(t, hidden, home, again.run); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}

func TestCachesLastAndAreNoPartOfTheImage(t *testing.T) {
	home := t.TempDir()
	e := opened(t, home)
	plain := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base)).Facts
	text := base + "RUN --mount=type=cache,target=/c/d echo kept > /c/d/file; test $(stat -c %u:%g:%a /c/d) = 0:0:755\n" +
		"RUN test ! -e /c\n" +
		"RUN --mount=type=cache,target=/c/d test $(cat /c/d/file) = kept\n" +
		"RUN --mount=type=cache,id=/c/d,target=/elsewhere,ro test $(cat /elsewhere/file) = kept && ! touch /elsewhere/x\n" +
		"RUN --mount=type=cache,id=other,target=/c/d test ! -e /c/d/file\n" +
		"RUN --mount=type=cache,target=/c/d,uid=5,gid=6,mode=1770 test $(stat -c %u:%g:%a /c/d) = 5:6:1770 && test ! -e /c/d/file\n" +
		"ARG BUILDKIT_CACHE_MOUNT_NS\nRUN --mount=type=cache,id=a,target=/a --mount=type=cache,id=a,target=/b touch /a/x && test -e /b/x\n" +
		"RUN --mount=type=cache,id=a,target=/a,sharing=locked --mount=type=cache,id=a,target=/b touch /a/x && test -e /b/x\n"
	built := call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, text)).Facts
	if !slices.Equal(built.DiffIds, plain.DiffIds) {
		t.Errorf("%d layers, wanted %d", len(built.DiffIds), len(plain.DiffIds))
	}
	e.stop()
	e = opened(t, home)
	call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"RUN --mount=type=cache,target=/c/d test $(cat /c/d/file) = kept # again\n"))
	spaced := dockerfile(t, e, base+"RUN --mount=type=cache,target=/c/d test ! -e /c/d/file\n")
	spaced.BuildArgs = []protocol.Pair{{Name: "BUILDKIT_CACHE_MOUNT_NS", Value: "own"}}
	call[protocol.ImageBuilt](e, "image.build", spaced)
}

func TestAWarmCacheMakesTheSameImage(t *testing.T) {
	text := base + "RUN --mount=type=cache,target=/run/deep/cache test -e /run/deep/cache/x || seq 1 1000 > /run/deep/cache/x; cp /run/deep/cache/x /x\n"
	warm := opened(t, t.TempDir())
	call[protocol.ImageBuilt](warm, "image.build", dockerfile(t, warm, base+"RUN --mount=type=cache,target=/run/deep/cache seq 1 1000 > /run/deep/cache/x\n"))
	first := call[protocol.ImageBuilt](warm, "image.build", dockerfile(t, warm, text)).Facts
	cold := opened(t, t.TempDir())
	second := call[protocol.ImageBuilt](cold, "image.build", dockerfile(t, cold, text)).Facts
	// So it is with a directory that was there before, whose time the mount changes on the disk.
	withRun := call[protocol.ImageBuilt](cold, "image.build", dockerfile(t, cold, base+"RUN mkdir /run\nRUN --mount=type=cache,target=/run/c true\n")).Facts
	if first.Id != second.Id || len(withRun.DiffIds) != 3 {
		t.Errorf("warm %v, cold %v, %d layers", first.DiffIds, second.DiffIds, len(withRun.DiffIds))
	}
}

func TestACacheBeginsWithFilesOfAStage(t *testing.T) {
	e := opened(t, t.TempDir())
	text := strings.Replace(base, "scratch", "scratch AS first", 1) +
		"RUN mkdir -m 750 /seed && echo 1 > /seed/one && mkdir /seed/sub && ln -s one /seed/link && chown 3:4 /seed /seed/one && chmod 600 /seed/one\nFROM first\n" +
		"RUN --mount=type=cache,id=k,target=/c,from=first,source=/seed " +
		"test \"$(stat -c %u:%g:%a /c) $(stat -c %u:%g:%a /c/one) $(cat /c/link)\" = '3:4:750 3:4:600 1' && test -d /c/sub && echo 2 > /c/two && rm /c/one\n" +
		"RUN --mount=type=cache,id=k,target=/c,from=first,source=/seed test $(cat /c/two) = 2 && test ! -e /c/one\n" +
		"RUN --mount=type=cache,id=k,target=/c,from=first,source=/seed,uid=9 test $(stat -c %u:%a /c) = 9:755 && test -e /c/one\n" +
		"RUN --mount=type=cache,id=all,target=/c,from=first test -e /c/bin/busybox && test ! -e /c/c\n" +
		"RUN test $(cat /seed/one) = 1 && test ! -e /seed/two\n"
	facts, _ := built(t, e, text, nil)
	if len(facts.DiffIds) != 3 {
		t.Errorf("%d layers", len(facts.DiffIds))
	}
	got := failure(e, "image.build", dockerfile(t, e, strings.Replace(base, "scratch", "scratch AS first", 1)+
		"FROM first\nRUN --mount=type=cache,id=k,target=/c,from=first,source=/bin/busybox true\n"))
	if !strings.HasSuffix(got.Message, ": the cache k: /bin/busybox is not a directory of the image it begins with") || got.Line != 5 {
		t.Errorf("got %+v", got)
	}
}

// atOnce builds several Dockerfiles side by side, each in the engine of its number, and gives how long that took.
func atOnce(t *testing.T, engines []*engine, texts ...string) time.Duration {
	t.Helper()
	began, failed := time.Now(), make(chan error)
	for i, text := range texts {
		build := dockerfile(t, engines[i%len(engines)], text)
		go func() {
			_, err := succeeds(t, engines[i%len(engines)], build)
			failed <- err
		}()
	}
	for range texts {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	return time.Since(began)
}

func TestHowCachesAreShared(t *testing.T) {
	home := t.TempDir()
	one, two := opened(t, home), opened(t, home)
	call[protocol.ImageBuilt](one, "image.build", dockerfile(t, one, base))
	// Each finds whether the other is there at the same time.
	alone := "test ! -e /c/busy && touch /c/busy && sleep 1 && rm /c/busy"
	met := "touch /c/$me; for i in $(seq 1 100); do test -e /c/$other && exit 0; sleep 0.1; done; exit 1"
	for name, engines := range map[string][]*engine{"one engine": {one}, "two engines": {one, two}} {
		texts := func(sharing, command string) (texts []string) {
			for _, names := range []string{"me=a other=b", "me=b other=a"} {
				texts = append(texts, fmt.Sprintf("%sRUN --mount=type=cache,target=/c,id=%s,sharing=%s %s; %s\n", base, name[:3]+sharing, sharing, names, command))
			}
			return texts
		}
		t.Run(name, func(t *testing.T) {
			if took := atOnce(t, engines, texts("locked", alone)...); took < 2*time.Second {
				t.Errorf("locked: both ran within %s", took)
			}
			atOnce(t, engines, texts("private", alone)...)
			atOnce(t, engines, texts("shared", met)...)
		})
	}
	if !slices.ContainsFunc(append(one.texts(protocol.ProgressKindLog), two.texts(protocol.ProgressKindLog)...), func(line string) bool {
		return strings.HasPrefix(line, "waiting for the cache ")
	}) {
		t.Error("nobody said that it waits")
	}
	places, err := filepath.Glob(filepath.Join(home, "graph", "slipway-caches", "*", "1"))
	if err != nil || len(places) != 2 {
		t.Errorf("private caches that were made twice: %q, %v", places, err)
	}
}

func TestWhoWaitsForACacheCanBeStopped(t *testing.T) {
	e := opened(t, t.TempDir())
	holding := dockerfile(t, e, base+"RUN --mount=type=cache,target=/c,sharing=locked echo holding; sleep 30\n")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = e.client.CallResult(ctx, "image.build", holding, nil) }()
	e.waitFor("holding")
	waiting, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	began := time.Now()
	err := e.client.CallResult(waiting, "image.build", dockerfile(t, e, base+"RUN --mount=type=cache,target=/c,sharing=locked true\n"), nil)
	if err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("got %v after %s", err, time.Since(began))
	}
}

// sshFiles are the files of ssh-add, below `ssh` of a context.
func sshFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	list, err := exec.Command("ldd", "/usr/bin/ssh-add").Output()
	must(t, err)
	for _, word := range append(strings.Fields(string(list)), "/usr/bin/ssh-add") {
		if strings.HasPrefix(word, "/") {
			content, err := os.ReadFile(word)
			must(t, err)
			files["ssh"+word] = string(content)
		}
	}
	return files
}

// startAgent starts an ssh-agent with one key, until the test ends; its comment tells the key.
func startAgent(t *testing.T, comment string) (socket string) {
	t.Helper()
	directory := runDirectory(t)
	socket = filepath.Join(directory, "agent")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	must(t, agent.Start())
	t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	key := filepath.Join(directory, "key")
	must(t, exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", key).Run())
	// The socket is there a moment before anybody listens at it.
	var err error
	for range 100 {
		add := exec.Command("ssh-add", "-q", key)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if err = add.Run(); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	must(t, err)
	return socket
}

func TestCommandsAskTheAgent(t *testing.T) {
	e := opened(t, t.TempDir())
	agents := map[string]string{"default": startAgent(t, "first-key"), "other": startAgent(t, "second-key")}
	files := sshFiles(t)
	text := base + "COPY --chmod=0755 ssh /\nCOPY passwd /etc/passwd\n"
	plain, _ := built(t, e, text, withPasswd(files))
	text += "RUN --mount=type=ssh ssh-add -l | grep first-key && test $SSH_AUTH_SOCK:$(stat -c %u:%g:%a $SSH_AUTH_SOCK) = /run/buildkit/ssh_agent.0:0:0:600\n" +
		"RUN --mount=type=ssh --mount=type=ssh,id=other SSH_AUTH_SOCK=/run/buildkit/ssh_agent.1 ssh-add -l | grep second-key\n" +
		"RUN --mount=type=ssh,target=/at/agent ssh-add -l | grep first-key && test $SSH_AUTH_SOCK = /at/agent\n" +
		"RUN --network=none --mount=type=ssh ssh-add -l | grep first-key\n" +
		"RUN test ! -e /run && test ! -e /at && test -z \"$SSH_AUTH_SOCK\"\n" +
		"USER me\nRUN --mount=type=ssh ! ssh-add -l 2> /dev/null\n" +
		"RUN --mount=type=ssh,uid=5,gid=6,mode=0660 ssh-add -l | grep first-key && test $(stat -c %u:%g:%a $SSH_AUTH_SOCK) = 5:6:660\n"
	build := given(t, e, text, nil, agents)
	build.ContextSocket, build.ContextChecksums, _ = sendContext(t, e, text, withPasswd(files))
	facts := call[protocol.ImageBuilt](e, "image.build", build).Facts
	if !slices.Equal(facts.DiffIds, plain.DiffIds) {
		t.Errorf("%d layers, wanted %d", len(facts.DiffIds), len(plain.DiffIds))
	}
}

func withPasswd(files map[string]string) map[string]string {
	files["passwd"] = "root:x:0:0::/root:/bin/sh\nme:x:5:6::/home/me:/bin/sh\n"
	return files
}

func TestAnOCIRuntimeShowsTheSame(t *testing.T) {
	e := openedIn(t, t.TempDir(), "native-rootless")
	agents := map[string]string{"default": startAgent(t, "first-key")}
	files := withPasswd(sshFiles(t))
	text := base + "COPY --chmod=0755 ssh /\nCOPY passwd /etc/passwd\nUSER me\n" +
		"RUN --mount=type=cache,target=/c,uid=5 --mount=type=secret,id=s,uid=5 --mount=type=ssh,uid=5 " +
		"test $(cat /run/secrets/s) = " + hidden + " && touch /c/x && ssh-add -l | grep first-key\n" +
		"RUN --mount=type=cache,target=/c,uid=5 test -e /c/x -a ! -e /run\n"
	build := given(t, e, text, map[string]string{"s": hidden}, agents)
	build.ContextSocket, build.ContextChecksums, _ = sendContext(t, e, text, files)
	facts := call[protocol.ImageBuilt](e, "image.build", build).Facts
	if len(facts.DiffIds) != 4 {
		t.Errorf("%d layers", len(facts.DiffIds))
	}
}

func TestWhereNothingCanBeMountedCommandsSeeTheSame(t *testing.T) {
	home := t.TempDir()
	e := start(t, home, "--store")
	must(t, e.greet(version, protocol.Version))
	call[protocol.StoreOpened](e, "store.open", protocol.StoreOpen{Mode: "plain-chroot", Driver: "plain", Ulimits: []string{}})
	agents := map[string]string{"default": startAgent(t, "first-key")}
	files := withPasswd(sshFiles(t))
	text := base + "COPY --chmod=0755 ssh /\nCOPY passwd /etc/passwd\n"
	plain, _ := built(t, e, text, files)
	text += "RUN --mount=type=cache,target=/c,sharing=private touch /c/x && chown 7:8 /c/x\n" +
		"RUN --mount=type=cache,target=/c,sharing=private test $(stat -c %u:%g /c/x) = 7:8\n" +
		"RUN --mount=type=secret,id=s --mount=type=secret,id=s,env=V test $(cat /run/secrets/s)$(stat -c %u:%g:%a /run/secrets/s) = $V''0:0:400\n" +
		"RUN test ! -e /c -a ! -e /run\n" +
		"USER me\n" +
		"RUN --mount=type=cache,id=d,target=/c,uid=5 --mount=type=secret,id=s,uid=5 --mount=type=ssh,uid=5 " +
		"test $(cat /run/secrets/s | wc -c) = " + strconv.Itoa(len(hidden)) + " && touch /c/x && ssh-add -l | grep first-key\n"
	build := given(t, e, text, map[string]string{"s": hidden}, agents)
	build.ContextSocket, build.ContextChecksums, _ = sendContext(t, e, text, files)
	facts := call[protocol.ImageBuilt](e, "image.build", build).Facts
	if !slices.Equal(facts.DiffIds, plain.DiffIds) {
		t.Errorf("%d layers, wanted %d", len(facts.DiffIds), len(plain.DiffIds))
	}
	twice := base + "RUN --mount=type=cache,id=k,target=/c --mount=type=cache,id=k,target=/d true\n"
	if got := failure(e, "image.build", dockerfile(t, e, twice)); !strings.Contains(got.Message, "two places at once") || got.Line != 4 {
		t.Errorf("got %+v", got)
	}
	if found := filesHolding(t, hidden, home, e.run); len(found) > 0 {
		t.Errorf("left: %q", found)
	}
}
