package recipe

import (
	"strings"
	"sync"

	"slipway.dev/engine/internal/store"
)

// tailLength is how many last lines of a failed step are reported.
const tailLength = 50

// Progress hears what a build does. Its methods are called from several goroutines.
type Progress interface {
	// Log gets one line of output, without its line end.
	Log(line string)
	// Step gets an instruction that begins, as written.
	Step(text string, number, total int)
	// Usage gets what a command used when it has ended: milliseconds of processor time, KiB of its largest process.
	Usage(milliseconds, kibibytes int)
}

// output is what steps print: passed on line by line, the last lines kept.
type output struct {
	progress       Progress
	stdout, stderr *stream

	// nearlyFull looks at the disk of the store.
	nearlyFull func() bool

	mu   sync.Mutex
	tail []string
	full bool
}

func newOutput(progress Progress, nearlyFull func() bool) *output {
	made := &output{progress: progress, nearlyFull: nearlyFull}
	made.stdout, made.stderr = &stream{line: made.line}, &stream{line: made.line}
	return made
}

// keepWhole takes texts that stay recognisable however long the line is that they are in.
func (o *output) keepWhole(texts [][]byte) {
	o.stdout.whole, o.stderr.whole = texts, texts
}

// restart forgets the lines of earlier steps.
func (o *output) restart() {
	o.flush()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail, o.full = nil, false
}

// diskFull says that the step met a full disk.
func (o *output) diskFull() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.full
}

// flush passes on unfinished lines.
func (o *output) flush() {
	o.stdout.flush()
	o.stderr.flush()
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
	// Only now: what filled the disk is deleted with the step.
	if !o.full && strings.Contains(strings.ToLower(text), store.NoSpace) {
		o.full = o.nearlyFull()
	}
	o.mu.Unlock()
	o.progress.Log(text)
}
