package main

import (
	"archive/tar"
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	parser "slipway.dev/engine/internal/dockerfile"
	"slipway.dev/engine/internal/match"
	"slipway.dev/engine/internal/protocol"
)

// buildContext gives files of a context to whoever asks for them, as the other side of the protocol does.
type buildContext struct {
	files map[string]string
	needs [][]string
	// asked counts the connections.
	asked atomic.Int64
}

// sendContext serves a Dockerfile's context until the test ends; `busybox` is added. checksums are those of its needs.
func sendContext(t *testing.T, e *engine, text string, files map[string]string) (path string, checksums []string, served *buildContext) {
	t.Helper()
	program, err := os.ReadFile("/bin/busybox")
	must(t, err)
	served = &buildContext{files: map[string]string{"busybox": string(program)}}
	maps.Copy(served.files, files)
	parsed := parser.Parse(protocol.DockerfileParse{Text: text, Platform: "linux/amd64"})
	for _, stage := range parsed.Stages {
		for _, instruction := range stage.Instructions {
			if len(instruction.ContextSources) > 0 {
				served.needs = append(served.needs, instruction.ContextSources)
			}
			for _, source := range instruction.ContextMounts {
				served.needs = append(served.needs, []string{source})
			}
		}
	}
	for i := range served.needs {
		sum := ""
		for _, name := range served.taken(strconv.Itoa(i)) {
			sum += name + ":" + strconv.Itoa(len(served.files[name])) + served.files[name][:min(20, len(served.files[name]))]
		}
		checksums = append(checksums, sum)
	}
	path = filepath.Join(e.run, fmt.Sprintf("context-%d.sock", time.Now().UnixNano()))
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
			go served.answer(connection)
		}
	}()
	return path, checksums, served
}

// taken lists the files of a part, in the order of layers.
func (c *buildContext) taken(part string) []string {
	names := slices.SortedFunc(maps.Keys(c.files), func(a, b string) int {
		return cmp.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
	})
	if part == "all" {
		return names
	}
	number, err := strconv.Atoi(part)
	if err != nil || number >= len(c.needs) {
		return nil
	}
	bitmap, err := match.Bitmap(match.Copy, c.needs[number], names)
	if err != nil {
		return nil
	}
	var taken []string
	for i, name := range names {
		if bitmap[i/8]&(1<<(i%8)) != 0 {
			taken = append(taken, name)
		}
	}
	return taken
}

func (c *buildContext) answer(connection net.Conn) {
	defer connection.Close()
	c.asked.Add(1)
	line, err := bufio.NewReader(connection).ReadString('\n')
	if err != nil {
		return
	}
	writer := tar.NewWriter(connection)
	defer writer.Close()
	for _, name := range c.taken(strings.TrimSuffix(line, "\n")) {
		mode := int64(0o644)
		if name == "busybox" {
			mode = 0o755
		}
		text := c.files[name]
		_ = writer.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: mode, ModTime: time.Unix(epoch, 0)})
		_, _ = writer.Write([]byte(text))
	}
}
