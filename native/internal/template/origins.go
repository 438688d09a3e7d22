package template

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"text/template"
	"text/template/parse"
	"unsafe"
)

// Lines says that rendered lines [First, First+Count) came unchanged from File, where the first one has number Line.
// All numbers count from 1.
type Lines struct {
	First, Count int
	File         string
	Line         int
}

// origins knows which bytes of which file a written text is. text/template writes the literal parts of a template without
// copying them, so the address of what is written tells the node it belongs to.
type origins struct {
	sources map[string][]string
	nodes   map[*byte]origin
	// included are results of includes, in case they are printed as they are.
	included map[string][]segment
}

type origin struct {
	file string
	line int
}

// segment is a part [start, end) of an output that was copied from a file; its first byte stands in line `line`.
type segment struct {
	start, end int
	origin
}

func newOrigins(files []File) *origins {
	sources := make(map[string][]string, len(files))
	for _, file := range files {
		sources[file.Name] = strings.Split(file.Text, "\n")
	}
	return &origins{sources: sources, nodes: map[*byte]origin{}, included: map[string][]segment{}}
}

// learn takes in all literal parts of a set.
func (o *origins) learn(set *template.Template) {
	for _, named := range set.Templates() {
		if named.Tree == nil {
			continue
		}
		file := named.Tree.ParseName
		starts := lineStarts(o.sources[file])
		walk(named.Tree.Root, func(node parse.Node) {
			if text, ok := node.(*parse.TextNode); ok && len(text.Text) > 0 {
				o.nodes[unsafe.SliceData(text.Text)] = origin{file, lineAt(starts, int(text.Pos))}
			}
		})
	}
}

func lineStarts(lines []string) []int {
	starts := make([]int, len(lines))
	offset := 0
	for i, line := range lines {
		starts[i] = offset
		offset += len(line) + 1
	}
	return starts
}

// lineAt gives the number of the line that an offset lies in.
func lineAt(starts []int, offset int) int {
	low, high := 0, len(starts)
	for low < high {
		middle := (low + high) / 2
		if starts[middle] <= offset {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// keep remembers the result of an include.
func (o *origins) keep(out *output) {
	if len(out.segments) > 0 {
		o.included[out.text()] = out.segments
	}
}

func (o *origins) writer(ctx context.Context) *output { return &output{origins: o, ctx: ctx} }

// output is the text of one execution.
type output struct {
	origins  *origins
	ctx      context.Context
	buffer   bytes.Buffer
	segments []segment
}

// Write implements io.Writer.
func (w *output) Write(text []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	start := w.buffer.Len()
	if start+len(text) > longestText {
		return 0, errors.New("the rendered text is longer than 64 MiB: is there an endless loop?")
	}
	if from, ok := w.origins.nodes[unsafe.SliceData(text)]; ok && len(text) > 0 {
		w.segments = append(w.segments, segment{start, start + len(text), from})
	} else {
		for _, inner := range w.origins.included[string(text)] {
			w.segments = append(w.segments, segment{start + inner.start, start + inner.end, inner.origin})
		}
	}
	return w.buffer.Write(text)
}

func (w *output) text() string { return w.buffer.String() }

// unchangedLines finds the rendered lines that are a line of a file from its beginning to its end.
func (w *output) unchangedLines() []Lines {
	var found []Lines
	text := w.text()
	offset, next := 0, 0
	for number, line := range strings.Split(text, "\n") {
		for next < len(w.segments) && w.segments[next].end <= offset {
			next++
		}
		if next < len(w.segments) && w.segments[next].start <= offset {
			part := w.segments[next]
			source := part.line + strings.Count(text[part.start:offset], "\n")
			lines := w.origins.sources[part.file]
			if source <= len(lines) && lines[source-1] == line {
				found = addLine(found, number+1, part.file, source)
			}
		}
		offset += len(line) + 1
	}
	return found
}

func addLine(found []Lines, number int, file string, line int) []Lines {
	if len(found) > 0 {
		last := &found[len(found)-1]
		if last.File == file && last.First+last.Count == number && last.Line+last.Count == line {
			last.Count++
			return found
		}
	}
	return append(found, Lines{First: number, Count: 1, File: file, Line: line})
}
