package recipe

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// archived makes a tar of headers; regular files hold their own name.
func archived(t *testing.T, headers ...tar.Header) *bytes.Buffer {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, header := range headers {
		if header.Typeflag == tar.TypeReg {
			header.Size = int64(len(header.Name))
		}
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := writer.Write([]byte(header.Name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func TestAContextKeepsModesAndTimes(t *testing.T) {
	date := time.Unix(1700000000, 0)
	directory := t.TempDir()
	err := Unpack(archived(t,
		tar.Header{Typeflag: tar.TypeDir, Name: "d/", Mode: 0o755, ModTime: date},
		tar.Header{Typeflag: tar.TypeReg, Name: "d/run", Mode: 0o755, ModTime: date},
		tar.Header{Typeflag: tar.TypeReg, Name: "e/f", Mode: 0o600, ModTime: date},
		tar.Header{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "/etc/passwd", ModTime: date},
	), directory)
	if err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"d": 0o755, "d/run": 0o755, "e/f": 0o600} {
		status, err := os.Stat(filepath.Join(directory, name))
		if err != nil || status.Mode().Perm() != mode || !status.ModTime().Equal(date) {
			if name != "e" {
				t.Errorf("%s: %v, %v", name, status, err)
			}
		}
	}
	if target, err := os.Readlink(filepath.Join(directory, "link")); err != nil || target != "/etc/passwd" {
		t.Errorf("link to %q, %v", target, err)
	}
}

func TestNoEntryOfAContextLeadsOut(t *testing.T) {
	outside := t.TempDir()
	for name, headers := range map[string][]tar.Header{
		"dots":     {{Typeflag: tar.TypeReg, Name: "../escaped", Mode: 0o644}},
		"absolute": {{Typeflag: tar.TypeReg, Name: outside + "/escaped", Mode: 0o644}},
		"symlink": {
			{Typeflag: tar.TypeSymlink, Name: "out", Linkname: outside},
			{Typeflag: tar.TypeReg, Name: "out/escaped", Mode: 0o644},
		},
		"hard link": {{Typeflag: tar.TypeLink, Name: "passwd", Linkname: "../../../etc/passwd"}},
		"device":    {{Typeflag: tar.TypeChar, Name: "null"}},
	} {
		directory := filepath.Join(t.TempDir(), "context")
		if err := os.Mkdir(directory, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := Unpack(archived(t, headers...), directory); err == nil {
			t.Errorf("%s: accepted", name)
		}
		for _, path := range []string{filepath.Join(outside, "escaped"), filepath.Join(directory, "..", "escaped")} {
			if _, err := os.Lstat(path); err == nil {
				t.Errorf("%s: %s was written", name, path)
			}
		}
	}
}

func TestTheLineOfAnInstructionIsFound(t *testing.T) {
	file := "FROM a AS one\nRUN x\n\n# note\nFROM b\nRUN x\nRUN y \\\n  z\nRUN <<EOF\nw\nEOF\n"
	at, err := newPosition(file, "Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		announced string
		line      int
	}{
		{"FROM registry/a AS one", 1}, {"RUN x", 2}, {"FROM registry/b", 5}, {"RUN x", 6}, {"RUN y   z", 7},
		{"RUN <<EOF (w)", 9}, {"RUN of an ONBUILD", 0},
	} {
		at.enter(step.announced)
		if at.line != step.line {
			t.Errorf("%s: line %d, wanted %d", step.announced, at.line, step.line)
		}
	}
}

func TestOutputIsPassedOnByLinesWithoutTheIsolationsOwn(t *testing.T) {
	var lines []string
	out := &stream{line: func(line string) { lines = append(lines, line) }}
	for _, part := range []string{"a\nb", "c\r\nlast", "--> Using cache 0123abcd\n", "subprocess exited with status 3\nmore\n",
		"subprocess exited on killed\nsubprocess exited with status 1\n"} {
		fmt.Fprint(out, part)
	}
	out.flush()
	if want := []string{"a", "bc", "last", "subprocess exited with status 3", "more"}; !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
	if out.signal != "killed" {
		t.Errorf("signal %q", out.signal)
	}
}

func TestALineWithoutEndIsCutNotKept(t *testing.T) {
	count := 0
	out := &stream{line: func(string) { count++ }}
	fmt.Fprint(out, strings.Repeat("x", longestLine*2+10))
	if count != 2 || len(out.pending) > longestLine {
		t.Errorf("%d lines, %d bytes kept", count, len(out.pending))
	}
}

func dockerRecord(t *testing.T, config string) *record {
	t.Helper()
	made := &record{}
	manifest := `{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",
		"config":{"mediaType":"application/vnd.docker.container.image.v1+json","size":1,"digest":"sha256:` + strings.Repeat("0", 64) + `"},
		"layers":[{"mediaType":"application/vnd.docker.image.rootfs.diff.tar","size":2,"digest":"sha256:` + strings.Repeat("1", 64) + `"}]}`
	configuration := `{"os":"linux","container":"c0ffee","docker_version":"1","container_config":{"Hostname":"build-host"},
		"config":{"Hostname":"build-host","User":"",` + config + `},
		"history":[{"created_by":"/bin/sh -c true|clamp-mtime=1700000000 "}]}`
	for text, target := range map[string]*map[string]json.RawMessage{manifest: &made.manifest, configuration: &made.configuration} {
		if err := json.Unmarshal([]byte(text), target); err != nil {
			t.Fatal(err)
		}
	}
	return made
}

func TestNothingOfTheMachineStaysInAConfiguration(t *testing.T) {
	made := dockerRecord(t, `"Env":["A=1"]`)
	if err := made.normalise(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(made.configuration)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"config":{"Env":["A=1"]},"history":[{"created_by":"/bin/sh -c true"}],"os":"linux"}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
}

func TestMediaTypesAreOCIUnlessTheConfigurationNeedsDockers(t *testing.T) {
	for config, want := range map[string]string{
		`"Env":[]`:                        "application/vnd.oci.image.manifest.v1+json",
		`"OnBuild":null`:                  "application/vnd.oci.image.manifest.v1+json",
		`"OnBuild":["RUN x"]`:             "application/vnd.docker.distribution.manifest.v2+json",
		`"Shell":["/bin/bash"]`:           "application/vnd.docker.distribution.manifest.v2+json",
		`"Healthcheck":{"Test":["NONE"]}`: "application/vnd.docker.distribution.manifest.v2+json",
	} {
		made := dockerRecord(t, config)
		if err := made.normalise(); err != nil {
			t.Fatal(err)
		}
		if got := string(made.manifest["mediaType"]); got != `"`+want+`"` {
			t.Errorf("%s: %s", config, got)
		}
	}
}

func TestPlatformsAreParsed(t *testing.T) {
	if got, err := ParsePlatform("linux/arm/v7"); err != nil || got.String() != "linux/arm/v7" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"linux", "linux/", "a/b/c/d"} {
		if _, err := ParsePlatform(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
