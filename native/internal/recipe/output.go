package recipe

import (
	"bytes"
	"regexp"
	"sync"
)

// tailLength is how many last lines of a failed step are reported.
const tailLength = 50

// longestLine bounds what is kept of output without line ends.
const longestLine = 64 << 10

// Progress hears what a build does. Its methods are called from several goroutines.
type Progress interface {
	// Log gets one line of output, without its line end.
	Log(line string)
	// Step gets an instruction that begins, as written.
	Step(text string, number, total int)
}

// output splits what steps print into lines and keeps the last ones.
type output struct {
	progress Progress

	mu   sync.Mutex
	tail []string
}

// restart forgets the lines of earlier steps.
func (o *output) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = nil
}

// last gives the lines kept, oldest first.
func (o *output) last() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string{}, o.tail...)
}

func (o *output) line(text string) {
	o.mu.Lock()
	o.tail = append(o.tail, text)
	if len(o.tail) > tailLength {
		o.tail = o.tail[1:]
	}
	o.mu.Unlock()
	o.progress.Log(text)
}

// stream makes a writer for one of the streams; each has its own unfinished line.
func (o *output) stream() *lineWriter { return &lineWriter{line: o.line} }

// lineWriter passes on whole lines.
type lineWriter struct {
	line func(string)

	mu      sync.Mutex
	pending []byte
}

// chatter is what the library itself prints between the output of steps, each time in one write.
var chatter = regexp.MustCompile(`^--> (Using cache )?[0-9a-f]+\n$`)

// Write never fails.
func (w *lineWriter) Write(data []byte) (int, error) {
	if chatter.Match(data) {
		w.flush()
		return len(data), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending = append(w.pending, data...)
	for {
		end := bytes.IndexByte(w.pending, '\n')
		if end < 0 && len(w.pending) > longestLine {
			end = longestLine
		}
		if end < 0 {
			return len(data), nil
		}
		w.line(string(bytes.TrimSuffix(w.pending[:end], []byte("\r"))))
		w.pending = w.pending[min(end+1, len(w.pending)):]
	}
}

// flush passes on a last line that has no end.
func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.pending) > 0 {
		w.line(string(w.pending))
		w.pending = nil
	}
}
