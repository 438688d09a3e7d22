package wire

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

// Patience is how long a process may take to end once its caller is gone or a signal came. It is shorter than what callers
// wait for it.
const Patience = 8 * time.Second

// StatusStuck is the exit status of a process that did not come to its end by itself.
const StatusStuck = 70

// wordsPatience is for a log that nobody takes.
const wordsPatience = time.Second

// WatchEnding gives an input that notices its own end. From then on, or from when ctx is done, this process has so long to
// end; after that it tells what each of its goroutines waits for, and ends as it is: what it leaves is what kill -9 leaves.
func WatchEnding(ctx context.Context, in io.ReadCloser, patience time.Duration) io.ReadCloser {
	var once sync.Once
	over := func() { once.Do(func() { time.AfterFunc(patience, func() { giveUp(patience) }) }) }
	context.AfterFunc(ctx, over)
	return &watched{in, over}
}

type watched struct {
	io.ReadCloser
	over func()
}

// Read reads, and notices when that is over.
func (w *watched) Read(to []byte) (int, error) {
	count, err := w.ReadCloser.Read(to)
	if err != nil {
		w.over()
	}
	return count, err
}

func giveUp(patience time.Duration) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		stacks := make([]byte, 4<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		fmt.Fprintf(os.Stderr, "the engine did not end within %s of its input; it waits for:\n%s\n", patience, stacks)
	}()
	select {
	case <-said:
	case <-time.After(wordsPatience):
	}
	os.Exit(StatusStuck)
}
