package main

import (
	"archive/tar"
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"slipway.dev/engine/internal/protocol"
)

// stage is a request that changes nothing.
func stage(base string) protocol.StageMake {
	return protocol.StageMake{Token: "t", Base: base, Platform: "linux/amd64", Emptied: []string{}, Imports: []protocol.StageImport{},
		Files: []protocol.StageFiles{}, Run: []protocol.StageRun{}, Env: []protocol.Pair{}, Labels: []protocol.Pair{},
		CreatedBy: "stage of a test", SourceDateEpoch: epoch}
}

func command(script string) protocol.StageRun {
	return protocol.StageRun{Command: []string{"/bin/sh", "-ec", script}, Env: []protocol.Pair{}, Mounts: []protocol.StageMount{},
		Files: []protocol.StageFile{}, Secrets: []protocol.BuildSecret{}, Network: "host", AddHosts: []string{}, Shell: []protocol.StageShell{}}
}

// mapped is one file of a mapping; a link where to is given.
type mapped struct {
	name, text, to string
	mode           int64
}

// sendFiles serves the tars of a stage's mappings until the test ends.
func sendFiles(t *testing.T, e *engine, tars ...[]mapped) string {
	t.Helper()
	path := filepath.Join(e.run, fmt.Sprintf("files-%d.sock", time.Now().UnixNano()))
	listener, err := net.Listen("unix", path)
	must(t, err)
	must(t, os.Chmod(path, 0o666))
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				line, err := bufio.NewReader(connection).ReadString('\n')
				number, wrong := strconv.Atoi(strings.TrimSpace(line))
				if err != nil || wrong != nil || number >= len(tars) {
					return
				}
				writer := tar.NewWriter(connection)
				defer writer.Close()
				for _, file := range tars[number] {
					header := &tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(file.text)), ModTime: time.Unix(epoch-3600, 0)}
					if header.Mode == 0 {
						header.Mode = 0o644
					}
					if file.to != "" {
						header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, file.to, 0o777
					}
					_ = writer.WriteHeader(header)
					_, _ = writer.Write([]byte(file.text))
				}
			}()
		}
	}()
	return path
}

// shellBase is an image with a shell and some accounts.
func shellBase(t *testing.T, e *engine) string {
	t.Helper()
	build := dockerfile(t, e, base+"COPY etc/ /etc/\n")
	socket, checksums, _ := sendContext(t, e, build.Dockerfile, map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/app:/bin/sh\n", "etc/group": "root:x:0:\nweb:x:33:app\n"})
	build.ContextSocket, build.ContextChecksums = socket, checksums
	return call[protocol.ImageBuilt](e, "image.build", build).Facts.Id
}

func made(e *engine, request protocol.StageMake) protocol.ImageFacts {
	e.t.Helper()
	return call[protocol.ImageBuilt](e, "stage.make", request).Facts
}

// seen runs a script in an image and tells what it printed, as one line.
func seen(t *testing.T, e *engine, image, script string) string {
	t.Helper()
	before := len(e.texts(protocol.ProgressKindLog))
	ran := call[protocol.Ran](e, "image.run", protocol.RunCommand{Image: image, Command: []string{"/bin/sh", "-c", "echo $(" + script + ")"}})
	lines := e.texts(protocol.ProgressKindLog)[before:]
	if ran.ExitCode != 0 {
		t.Fatalf("%s: status %d: %q", script, ran.ExitCode, lines)
	}
	return strings.Join(lines, "\n")
}

func TestAStageBringsFilesRunsItsCommandAndHasItsLabels(t *testing.T) {
	e := opened(t, t.TempDir())
	request := stage(shellBase(t, e))
	request.Files = []protocol.StageFiles{{To: "/app/src", Owner: "app", Group: "web", Removed: []string{}, HasFiles: true}}
	request.FilesSocket = sendFiles(t, e, []mapped{{name: "lib/x", text: "x"}, {name: "link", to: "lib/x"}, {name: "run", text: "#!/bin/sh\necho ran $A $B\n", mode: 0o755}})
	run := command("/app/src/run > /out; pwd >> /out; id -u >> /out; cat /dev/null")
	run.Env = []protocol.Pair{{Name: "A", Value: "1"}}
	request.Run = []protocol.StageRun{run}
	request.Env = []protocol.Pair{{Name: "B", Value: "2"}}
	request.Labels = []protocol.Pair{{Name: "werf", Value: "project"}}
	facts := made(e, request)
	if !slices.Contains(facts.Env, "B=2") || !slices.Equal(facts.Labels, request.Labels) || slices.Contains(facts.Env, "A=1") {
		t.Errorf("environment %q, labels %q", facts.Env, facts.Labels)
	}
	want := "ran 1 / 0 drwxrwxr-x app web -rw-r--r-- app web lib/x"
	got := seen(t, e, facts.Id, "cat /out; cd /app/src; stat -c '%A %U %G' lib lib/x; readlink link")
	if got != want {
		t.Errorf("got\n%s\nwanted\n%s", got, want)
	}
	if created := time.Unix(epoch, 0).UTC().Format(time.RFC3339Nano); facts.Created != created {
		t.Errorf("created at %s, wanted %s", facts.Created, created)
	}
}

func TestACommandOfAStageThatFailsTellsStatusAndLastOutput(t *testing.T) {
	e := opened(t, t.TempDir())
	request := stage(shellBase(t, e))
	request.Run = []protocol.StageRun{command("echo before; exit 7")}
	got := failure(e, "stage.make", request)
	if got.Code != "BUILD_FAILED" || got.ExitCode != 7 || !slices.Equal(got.Tail, []string{"before"}) || got.Message != "the command ended with exit status 7" {
		t.Errorf("%+v", got)
	}
}

// everywhere runs a test on each way to run commands.
func everywhere(t *testing.T, test func(t *testing.T, e *engine)) {
	for _, open := range []protocol.StoreOpen{{Mode: "native-chroot"}, {Mode: "native-rootless"}, {Mode: "native-chroot", Driver: "vfs"}, {Mode: "plain-chroot", Driver: "plain"}} {
		t.Run(open.Mode+open.Driver, func(t *testing.T) {
			e := start(t, t.TempDir(), "--store")
			must(t, e.greet(version, protocol.Version))
			open.Ulimits = []string{}
			call[protocol.StoreOpened](e, "store.open", open)
			test(t, e)
		})
	}
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// furnished is a command with everything that can be given to one.
func furnished(t *testing.T, tools, script string) (run protocol.StageRun, host string) {
	t.Helper()
	host = t.TempDir()
	must(t, os.Chmod(host, 0o755))
	must(t, os.WriteFile(filepath.Join(host, "given"), []byte("given"), 0o644))
	run = command(script)
	run.Mounts = []protocol.StageMount{
		{Target: "/mounted/host", Source: host}, {Target: "/mounted/new"}, {Target: "/.werf/stapel", Source: "/tools", Image: tools, ReadOnly: true}}
	run.Files = []protocol.StageFile{{Target: "/.werf/script.sh", Content: encoded("#!/bin/sh\necho script\n"), Executable: true}, {Target: "/.werf/deep/er/data", Content: encoded("data")}}
	run.Secrets = []protocol.BuildSecret{{Id: "s", Content: encoded(hidden)}, {Id: "other", Content: ""}}
	run.SshAgent = startAgent(t, "first-key")
	return run, host
}

const looksAround = `test "$(cat /mounted/host/given)" = given
ls -A /mounted/new | grep . && exit 20
test "$(/.werf/script.sh)" = script
test "$(cat /.werf/deep/er/data)" = data
test "$(stat -c %a:%u /.werf/script.sh /.werf/deep/er/data | tr '\n' ' ')" = "755:0 644:0 "
test "$(cat /.werf/stapel/tool)" = tool
test "$(wc -c < /run/secrets/s):$(stat -c %a:%u:%g /run/secrets/s)" = 33:400:0:0
test -f /run/secrets/other
test -S /.werf/tmp/ssh-auth-sock
test "$SSH_AUTH_SOCK" = /.werf/tmp/ssh-auth-sock
test -c /dev/null
test -e /proc/self
cat /etc/hosts > /dev/null
read line && exit 21
echo kept > /mounted/host/made
echo lost > /mounted/new/made
mkdir /mounted/new/d && chown 5:6 /mounted/new/d
`

func TestCommandsOfStagesSeeWhatTheyAreGivenAndLeaveNoTraceOfIt(t *testing.T) {
	everywhere(t, func(t *testing.T, e *engine) {
		with := stage(shellBase(t, e))
		with.FilesSocket = sendFiles(t, e, []mapped{{name: "tool", text: "tool"}}, []mapped{{name: "run/there", text: "x"}, {name: "mounted/host/old", text: "x"}, {name: ".werf/own", text: "x"}})
		with.Files = []protocol.StageFiles{{To: "/tools", Removed: []string{}, HasFiles: true}}
		tools := made(e, with).Id
		bare := stage(shellBase(t, e))
		full := stage(bare.Base)
		full.FilesSocket = with.FilesSocket
		full.Files = []protocol.StageFiles{{To: "/none", Removed: []string{}}, {To: "/", Removed: []string{}, HasFiles: true}}
		full.Base = made(e, full).Id
		full.FilesSocket, full.Files = "", bare.Files
		full.Emptied = []string{"/mounted/host", "/mounted/new"}
		full.Base = made(e, full).Id
		full.Emptied = bare.Emptied
		for name, request := range map[string]protocol.StageMake{"where nothing of it is in the image": bare, "where all of it is in the image": full} {
			t.Run(name, func(t *testing.T) {
				before := call[protocol.ImageFacts](e, "image.inspect", protocol.ImageName{Image: request.Base})
				run, host := furnished(t, tools, looksAround)
				request.Run = []protocol.StageRun{run}
				facts := made(e, request)
				if !slices.Equal(facts.DiffIds, before.DiffIds) {
					t.Errorf("%d layers, wanted %d: %s", len(facts.DiffIds), len(before.DiffIds), seen(t, e, facts.Id, "find / -newermt @"+strconv.Itoa(epoch-1)+" | grep -v -e ^/proc -e ^/sys -e ^/dev"))
				}
				if text, err := os.ReadFile(filepath.Join(host, "made")); err != nil || string(text) != "kept\n" {
					t.Errorf("%q, %v", text, err)
				}
				run, _ = furnished(t, tools, looksAround+"echo made > /made\n")
				request.Run = []protocol.StageRun{run}
				facts = made(e, request)
				if len(facts.DiffIds) != len(before.DiffIds)+1 {
					t.Errorf("%d layers over %d", len(facts.DiffIds), len(before.DiffIds))
				}
				sum := call[protocol.FilesChecked](e, "files.checksum", protocol.FilesChecksum{Image: facts.Id, Add: "/", IncludePaths: []string{"made", "mounted", "run", "tools"}, ExcludePaths: []string{}})
				if sum.Count != 2 {
					t.Errorf("%d files and directories are there", sum.Count)
				}
			})
		}
		if found := filesHolding(t, hidden, e.run); len(found) > 0 {
			t.Errorf("left: %q", found)
		}
	})
}

func TestAFailedCommandOfAStageLeavesNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, e *engine) {
		request := stage(shellBase(t, e))
		run, _ := furnished(t, request.Base, "exit 3")
		run.Mounts[2].Source = "/bin"
		request.Run = []protocol.StageRun{run}
		if got := failure(e, "stage.make", request); got.Code != "BUILD_FAILED" || got.ExitCode != 3 {
			t.Errorf("%+v", got)
		}
		request.Run[0].Command = []string{"/bin/true"}
		made(e, request)
	})
}

func TestAStageFromNothingTakesFilesOfAnImage(t *testing.T) {
	e := opened(t, t.TempDir())
	request := stage("")
	request.Platform = "linux/arm64/v8"
	source := shellBase(t, e)
	request.Imports = []protocol.StageImport{{Image: source, Add: "/", To: "/", IncludePaths: []string{"etc", "bin/busybox"}, ExcludePaths: []string{}},
		{Image: source, Add: "/etc/passwd", To: "/copied", IncludePaths: []string{}, ExcludePaths: []string{}, Owner: "app", Group: "web"},
		{Image: source, Add: "/etc", To: "/none", IncludePaths: []string{"*.conf"}, ExcludePaths: []string{}}}
	facts := made(e, request)
	if facts.Platform != "linux/arm64/v8" || len(facts.DiffIds) != 1 || len(facts.Cmd)+len(facts.Entrypoint)+len(facts.Env) > 0 {
		t.Errorf("%+v", facts)
	}
	if want, got := []string{"slipway: warning: nothing is imported: no file of " + source + " at /etc matches"}, e.texts(protocol.ProgressKindLog); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	sum := call[protocol.FilesChecked](e, "files.checksum", protocol.FilesChecksum{Image: facts.Id, Add: "/", IncludePaths: []string{}, ExcludePaths: []string{}})
	if sum.Count != 7 || !sum.Found || len(sum.Checksum) != 64 {
		t.Errorf("%+v", sum)
	}
	again := made(e, request)
	if again.Id != facts.Id {
		t.Errorf("%s is not %s", again.Id, facts.Id)
	}
}

func TestAStageThatChangesNothingHasTheSameLayersAndItsConfiguration(t *testing.T) {
	e := opened(t, t.TempDir())
	request := stage(call[protocol.ImageBuilt](e, "image.build", dockerfile(t, e, base+"ENV A=1 PATH=/bin\nENTRYPOINT [\"\"]\nLABEL one=1 two=2\n")).Facts.Id)
	before := call[protocol.ImageFacts](e, "image.inspect", protocol.ImageName{Image: request.Base})
	request.Env = []protocol.Pair{{Name: "B", Value: "2"}, {Name: "A", Value: "changed"}}
	request.Labels = []protocol.Pair{{Name: "two", Value: "changed"}}
	facts := made(e, request)
	if !slices.Equal(facts.DiffIds, before.DiffIds) || !slices.Equal(facts.Env, []string{"PATH=/bin", "A=changed", "B=2"}) && !slices.Equal(facts.Env, []string{"A=changed", "PATH=/bin", "B=2"}) || len(facts.Entrypoint) > 0 {
		t.Errorf("%+v", facts)
	}
	if want := []protocol.Pair{{Name: "one", Value: "1"}, {Name: "two", Value: "changed"}}; !slices.Equal(facts.Labels, want) {
		t.Errorf("labels %v", facts.Labels)
	}
	var text struct {
		History []struct {
			CreatedBy  string `json:"created_by"`
			EmptyLayer bool   `json:"empty_layer"`
		} `json:"history"`
	}
	must(t, json.Unmarshal([]byte(call[protocol.ImageConfiguration](e, "image.configuration", protocol.ImageName{Image: facts.Id}).Text), &text))
	if last := text.History[len(text.History)-1]; last.CreatedBy != "stage of a test" || !last.EmptyLayer {
		t.Errorf("%+v", text)
	}
}

func TestWhatAStageCannotBeMadeOfIsNamed(t *testing.T) {
	e := opened(t, t.TempDir())
	given := shellBase(t, e)
	for name, one := range map[string]struct {
		change        func(request *protocol.StageMake)
		code, message string
	}{
		"an unknown base": {func(r *protocol.StageMake) { r.Base = "nowhere:latest" }, "IMAGE_UNKNOWN", "nowhere:latest"},
		"an unknown image": {func(r *protocol.StageMake) {
			r.Imports = []protocol.StageImport{{Image: "nowhere:latest", Add: "/", To: "/", IncludePaths: []string{}, ExcludePaths: []string{}}}
		}, "IMAGE_UNKNOWN", "nowhere:latest"},
		"a mask that is none": {func(r *protocol.StageMake) {
			r.Imports = []protocol.StageImport{{Image: given, Add: "/", To: "/", IncludePaths: []string{"[x"}, ExcludePaths: []string{}}}
		}, "BAD_PATTERN", `"[x"`},
		"an import of what is not there": {func(r *protocol.StageMake) {
			r.Imports = []protocol.StageImport{{Image: given, Add: "/no", To: "/", IncludePaths: []string{}, ExcludePaths: []string{}}}
		}, "BUILD_FAILED", "importing /no of " + given + ": there is no such path: correct `add` of the import"},
		"an owner who is not there": {func(r *protocol.StageMake) {
			r.Files = []protocol.StageFiles{{To: "/x", Owner: "nobody", Removed: []string{"x"}}}
		}, "BUILD_FAILED", `the user "nobody" is not in /etc/passwd of the image`},
		"a mount at the root": {func(r *protocol.StageMake) {
			r.Run = []protocol.StageRun{command("true")}
			r.Run[0].Mounts = []protocol.StageMount{{Target: "/."}}
		}, "OPTION_INVALID", "nothing can be mounted at /"},
		"a mount of nothing": {func(r *protocol.StageMake) {
			r.Run = []protocol.StageRun{command("true")}
			r.Run[0].Mounts = []protocol.StageMount{{Target: "/x", Source: "/no/where"}}
		}, "OPTION_INVALID", "/no/where cannot be mounted at /x"},
		"a secret that leads out": {func(r *protocol.StageMake) {
			r.Run = []protocol.StageRun{command("true")}
			r.Run[0].Secrets = []protocol.BuildSecret{{Id: "../x"}}
		}, "OPTION_INVALID", `the secret "../x" cannot be a file`},
		"a network that is none":  {func(r *protocol.StageMake) { r.Run = []protocol.StageRun{command("true")}; r.Run[0].Network = "x" }, "OPTION_INVALID", "x"},
		"a platform that is none": {func(r *protocol.StageMake) { r.Base, r.Platform = "", "linux" }, "OPTION_INVALID", `"linux"`},
	} {
		request := stage(given)
		one.change(&request)
		if got := failure(e, "stage.make", request); got.Code != one.code || !strings.Contains(got.Message, one.message) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
