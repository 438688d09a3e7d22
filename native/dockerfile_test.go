package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

// built builds a Dockerfile over files and gives the facts of its image, and who served its context.
func built(t *testing.T, e *engine, text string, files map[string]string) (protocol.ImageFacts, *buildContext) {
	t.Helper()
	socket, checksums, served := sendContext(t, e, text, files)
	build := dockerfile(t, e, text)
	build.ContextSocket, build.ContextChecksums = socket, checksums
	return call[protocol.ImageBuilt](e, "image.build", build).Facts, served
}

// archive is a gzipped tar of a file, of another owner.
func archive(t *testing.T) string {
	t.Helper()
	var text bytes.Buffer
	zipped := gzip.NewWriter(&text)
	writer := tar.NewWriter(zipped)
	must(t, writer.WriteHeader(&tar.Header{Name: "in/side", Mode: 0o600, Uid: 7, Gid: 8, Size: 3, ModTime: time.Unix(epoch-5, 0)}))
	_, err := writer.Write([]byte("old"))
	must(t, err)
	must(t, writer.Close())
	must(t, zipped.Close())
	return text.String()
}

func TestInstructionsDoWhatTheyAreFor(t *testing.T) {
	e := opened(t, t.TempDir())
	files := map[string]string{"a": "text", "dir/one": "1", "dir/sub/two": "2", "dir/sub/no.o": "", "x.tar.gz": archive(t),
		"passwd": "root:x:0:0::/root:/bin/sh\nme:x:5:6::/home/me:/bin/sh\n", "group": "staff:x:9:\n"}
	for name, text := range map[string]string{
		"COPY of files":            "COPY a /b\nCOPY a /d/\nCOPY a dir /e/\nRUN cat /b /d/a /e/a /e/one /e/sub/two\n",
		"COPY of patterns":         "COPY d*/* /e/\nRUN test -f /e/one -a -f /e/two -a ! -e /e/sub\n",
		"modes in words":           "COPY --chmod=u=rwX,go=rX dir /e\nRUN test $(stat -c %a /e/one),$(stat -c %a /e/sub) = 644,755\n",
		"COPY with parents":        "COPY --parents dir/sub/two ./a /e\nRUN test -f /e/dir/sub/two -a -f /e/a -a ! -e /e/dir/one\n",
		"parents from a place on":  "COPY --parents dir/./sub/t* /e\nRUN test -f /e/sub/two -a ! -e /e/dir\n",
		"parents at any depth":     "COPY --parents --exclude=**/no.o dir/**/*o* /e/\nRUN test -f /e/dir/one -a -f /e/dir/sub/two -a ! -e /e/dir/sub/no.o\n",
		"parents of directories":   "COPY --parents dir/sub /e\nRUN test -f /e/dir/sub/two -a ! -e /e/dir/one\n",
		"exceptions":               "COPY --exclude=**/*.o dir /e\nRUN test -f /e/sub/two -a ! -e /e/sub/no.o\n",
		"owners and modes":         "COPY passwd group /etc/\nCOPY --chown=me:staff --chmod=0751 a /a\nRUN test $(stat -c %u:%g:%a /a) = 5:9:751\n",
		"times":                    "COPY a /a\nRUN test $(stat -c %Y /a) = 1700000000\n",
		"WORKDIR":                  "WORKDIR /p/q\nWORKDIR r\nRUN test $PWD = /p/q/r && test $(stat -c %a:%u:%Y .) = 755:0:1700000000\n",
		"WORKDIR leaves what is":   "RUN mkdir -m 700 /w\nWORKDIR /w\nRUN test $(stat -c %a /w) = 700\n",
		"USER":                     "COPY passwd group /etc/\nUSER me:staff\nRUN test $(id -u):$(id -g):$HOME = 5:9:/home/me\n",
		"ENV and ARG":              "ARG A=arg\nENV E=\"e e\" A2=$A\nRUN test \"$A,$E,$A2\" = 'arg,e e,arg'\n",
		"SHELL":                    "SHELL [\"/bin/sh\", \"-e\", \"-u\", \"-c\"]\nRUN ! (echo $nothing) 2> /dev/null\n",
		"ADD of an archive":        "ADD x.tar.gz /x\nRUN test $(stat -c %u:%g:%a:%Y /x/in/side) = 7:8:600:1699999995\n",
		"ADD that does not unpack": "ADD --unpack=false x.tar.gz /x\nRUN test -f /x\n",
		"a here-document":          "RUN <<EOF\nset -e\ntest 1 = 1\necho $0 > /x\nEOF\nRUN grep sh /x\n",
		"two here-documents":       "RUN cat <<A > /one; cat <<B > /two\n1\nA\n2\nB\nRUN test $(cat /one /two | tr -d '\\n') = 12\n",
		"a program":                "RUN <<EOF\n#!/bin/awk -f\nBEGIN { print \"x\" > \"/x\" }\nEOF\nRUN grep x /x && test ! -e /run/heredocs\n",
		"content of files":         "ENV V=v\nCOPY <<one <<'two' /x/\n$V\none\n$V\ntwo\nRUN test \"$(cat /x/one /x/two)\" = \"$(printf 'v\\n$V')\" && test $(stat -c %a /x/one) = 644\n",
		"mounts of the context":    "RUN --mount=target=/m,source=dir test $(cat /m/one) = 1 && ! touch /m/x\nRUN test ! -e /m\n",
		"mounts that are written":  "RUN --mount=target=/m,source=dir,rw touch /m/x\n",
		"mounts of memory":         "RUN --mount=type=tmpfs,target=/t touch /t/x && grep ' /t tmpfs' /proc/self/mounts\nRUN test ! -e /t/x\n",
		"no network":               "RUN --network=none test $(grep -c : /proc/net/dev) = 1\n",
		"VOLUME":                   "VOLUME /v\nRUN mkdir -p /v && touch /v/x\nRUN test -f /v/x\n",
	} {
		t.Run(name, func(t *testing.T) {
			build := dockerfile(t, e, base+text)
			build.ContextSocket, build.ContextChecksums, _ = sendContext(t, e, build.Dockerfile, files)
			var made protocol.ImageBuilt
			must(t, e.client.CallResult(t.Context(), "image.build", build, &made))
		})
	}
}

func TestFilesOfStagesAndImages(t *testing.T) {
	e := opened(t, t.TempDir())
	text := strings.Replace(base, "FROM scratch", "FROM scratch AS first", 1) + "ENV S=first\nRUN echo made > /made && chown 3:4 /made\n" +
		"FROM scratch AS second\nCOPY --from=first /made /two/made\n" +
		"FROM scratch AS unused\nCOPY --from=second /gone /gone\n" +
		"FROM first\nCOPY --from=second /two /2\nCOPY --from=1 --chown=1 /two/made /3\n" +
		"RUN --mount=from=second,source=/two,target=/m,rw test $S,$(stat -c %u:%g /2/made),$(stat -c %u:%g /3),$(cat /m/made) = first,3:4,1:1,made && touch /m/x\n" +
		"RUN test ! -e /m\n"
	facts, _ := built(t, e, text, nil)
	// The layers of second, which no other image has, are kept.
	again, served := built(t, e, text, nil)
	if facts.Id != again.Id || served.asked.Load() > 0 {
		t.Errorf("%s and %s, asked %d times", facts.Id, again.Id, served.asked.Load())
	}
}

func TestATriggerRunsInTheNextBuild(t *testing.T) {
	e := opened(t, t.TempDir())
	parent, _ := built(t, e, base+"ONBUILD RUN echo yes > /triggered\nONBUILD ENV T=1\n", nil)
	call[protocol.Nothing](e, "image.tag", protocol.ImageTag{Image: parent.Id, Name: "localhost/parent:1"})
	child, _ := built(t, e, "FROM localhost/parent:1\nRUN test $T$(cat /triggered) = 1yes\n", nil)
	if len(child.OnBuild) > 0 || len(child.DiffIds) != len(parent.DiffIds)+1 {
		t.Errorf("got %+v", child)
	}
}

func TestWhatWasMadeIsNotMadeAgain(t *testing.T) {
	home := t.TempDir()
	text := base + "COPY dir /dir\nWORKDIR /w\nRUN cat /proc/sys/kernel/random/uuid > /unique\nRUN true\n"
	e := opened(t, home)
	first, served := built(t, e, text, map[string]string{"dir/a": "1"})
	if served.asked.Load() != 2 {
		t.Errorf("the context was asked for %d times", served.asked.Load())
	}
	e.stop()
	e = opened(t, home)
	second, served := built(t, e, text, map[string]string{"dir/a": "1", "other": "x"})
	if first.Id != second.Id || served.asked.Load() != 0 {
		t.Errorf("%s and %s, asked %d times", first.Id, second.Id, served.asked.Load())
	}
	changed, served := built(t, e, text, map[string]string{"dir/a": "2"})
	if changed.Id == first.Id || served.asked.Load() != 1 || !slices.Equal(changed.DiffIds[:2], first.DiffIds[:2]) {
		t.Errorf("%v after %v, asked %d times", changed.DiffIds, first.DiffIds, served.asked.Load())
	}
}

// gitServer serves a repository with one file `a`, which only the library can ADD, and gives its address.
func gitServer(t *testing.T, text string) string {
	t.Helper()
	root := t.TempDir()
	work := filepath.Join(root, "work")
	must(t, os.Mkdir(work, 0o755))
	must(t, os.WriteFile(filepath.Join(work, "a"), []byte(text), 0o644))
	for _, line := range []string{"init -q -b main", "add a", "-c user.name=n -c user.email=e commit -q -m m", "clone -q --bare . ../served.git"} {
		command := exec.Command("git", strings.Fields(line)...)
		command.Dir = work
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %s", line, output)
		}
	}
	server := httptest.NewServer(&cgi.Handler{Path: "/usr/lib/git-core/git-http-backend", Env: []string{
		"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"}})
	t.Cleanup(server.Close)
	return server.URL + "/served.git"
}

func TestWhatOnlyTheLibraryCanDoIsBuiltByIt(t *testing.T) {
	e := opened(t, t.TempDir())
	text := base + "ADD " + gitServer(t, "text") + " /p/\n" +
		"RUN --mount=type=secret,id=s --mount=type=cache,target=/c test $(cat /run/secrets/s) = content && touch /c/x && echo 1 > /y\n" +
		"RUN --mount=type=ssh test -S $SSH_AUTH_SOCK && test -e /p/a\n"
	build := given(t, e, text, map[string]string{"s": "content"}, map[string]string{"default": startAgent(t, "key")})
	facts := call[protocol.ImageBuilt](e, "image.build", build).Facts
	want := "Dockerfile:4: ADD of a git repository is built by imagebuildah"
	if lines := e.texts(protocol.ProgressKindLog); !slices.Contains(lines, want) || len(facts.DiffIds) < 4 {
		t.Errorf("lines %q, facts %+v", lines, facts)
	}
}

func TestAFileOfAWebServer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		_, _ = answer.Write([]byte("content"))
	}))
	defer server.Close()
	e := opened(t, t.TempDir())
	built(t, e, base+"ADD "+server.URL+"/f /x/\nRUN test $(cat /x/f):$(stat -c %a:%Y /x/f) = content:600:1136214245\n", nil)
}

func TestWhatIsNotThereToCopyIsNamed(t *testing.T) {
	e := opened(t, t.TempDir())
	for text, want := range map[string]string{
		"COPY --from=0 /gone /x\n":   "Dockerfile:5: COPY --from=0 /gone /x: /gone is not there to copy",
		"USER nobody-here\nRUN id\n": "Dockerfile:6: RUN id: \"nobody-here\" is not in /etc/passwd",
	} {
		got := failure(e, "image.build", dockerfile(t, e, strings.Replace(base, "scratch", "scratch AS one", 1)+"FROM one\n"+text))
		if !strings.HasPrefix(got.Message, want) {
			t.Errorf("got %+v", got)
		}
	}
}

func TestBothBuildersMakeTheSameOfADockerfile(t *testing.T) {
	e := opened(t, t.TempDir())
	text := base + "MAINTAINER me\nARG A=1\nENV E=$A P=\"a b\"\nLABEL l=$E\nWORKDIR /w\nWORKDIR x\nUSER 5\nEXPOSE 80 90/udp\nVOLUME /v\n" +
		"STOPSIGNAL SIGINT\nHEALTHCHECK --interval=5s CMD true\nSHELL [\"/bin/sh\", \"-e\", \"-c\"]\nENTRYPOINT [\"run\"]\nCMD [\"x\"]\n" +
		"ONBUILD RUN true\nCOPY --chown=3:4 a /q/r/a\nUSER 0\nRUN echo y > /y\n" +
		"RUN find /q /y -exec stat -c '%n %a %u:%g' {} +\n"
	ours, _ := built(t, e, text+"COPY a /p/\n", map[string]string{"a": "text"})
	theirs, _ := built(t, e, text+"ADD "+gitServer(t, "text")+" /p/\n", map[string]string{"a": "text"})
	var configurations [2]map[string]any
	for i, facts := range []protocol.ImageFacts{ours, theirs} {
		text := call[protocol.ImageConfiguration](e, "image.configuration", protocol.ImageName{Image: facts.Id}).Text
		must(t, json.Unmarshal([]byte(text), &configurations[i]))
		delete(configurations[i], "history")
		delete(configurations[i], "rootfs")
	}
	lines := e.texts(protocol.ProgressKindLog)
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "Dockerfile:") })
	if slices.Sort(lines); len(lines)%2 != 0 || len(slices.Compact(slices.Clone(lines))) != len(lines)/2 {
		t.Errorf("files: %q", lines)
	}
	if !reflect.DeepEqual(configurations[0], configurations[1]) {
		t.Errorf("\nours   %v\ntheirs %v", configurations[0], configurations[1])
	}
}
