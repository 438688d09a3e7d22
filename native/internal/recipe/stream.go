package recipe

import (
	"bytes"
	"regexp"
	"sync"
	"unicode/utf8"
)

// longestLine bounds what is kept of output without line ends.
const longestLine = 64 << 10

var (
	// chatter is what the library itself prints between the output of steps, each time in one write.
	chatter = regexp.MustCompile(`^--> (Using cache )?[0-9a-f]+\n$`)
	// epilogue is what the isolation adds when a command fails: said better elsewhere.
	epilogue = regexp.MustCompile(`^(?:subprocess exited with status \d+|(?:subprocess|container) exited on (.+))$`)
	// libraryLog is how the library complains after that, such as about a container it could not unmount.
	libraryLog = regexp.MustCompile(`^time="[^"]+" level=\w+ msg=`)
)

// stream passes on whole lines, and keeps the words of others out of them.
type stream struct {
	line func(string)
	// whole are texts of which none is cut where a line is too long.
	whole [][]byte

	mu      sync.Mutex
	pending []byte
	// held are lines that look like the isolation's epilogue: they are output only if more output follows.
	held []string
	// signal is the name of the signal that ended the last command, as the epilogue has it.
	signal string
}

// Write never fails.
func (s *stream) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if chatter.Match(data) {
		s.finish()
		return len(data), nil
	}
	s.pending = append(s.pending, data...)
	for {
		line, rest, ended := bytes.Cut(s.pending, []byte("\n"))
		if ended {
			line = bytes.TrimSuffix(line, []byte("\r"))
		} else if line, rest = s.cutLong(); line == nil {
			return len(data), nil
		}
		s.take(string(line))
		s.pending = rest
	}
}

// cutLong takes the beginning of a line that is too long to wait for its end; nil: it is not. Characters stay whole, and so do
// the texts that must, or nobody would know them any more.
func (s *stream) cutLong() (begin, rest []byte) {
	line := s.pending
	longest := 0
	for _, text := range s.whole {
		longest = max(longest, len(text))
	}
	if len(line) <= longestLine+longest {
		return nil, line
	}
	at := characterAt(line, longestLine)
	for i := 0; i < len(s.whole); i++ {
		text := s.whole[i]
		from := max(0, at-len(text)+1)
		found := bytes.Index(line[from:at+len(text)-1], text)
		switch {
		case found < 0:
			continue
		case from+found == 0:
			return line[:len(text)], line[len(text):]
		}
		// Another one may be cut there.
		at, i = from+found, -1
	}
	return line[:at], line[at:]
}

// characterAt is where the character begins that the byte at an index belongs to; the index itself in what is no text.
func characterAt(line []byte, at int) int {
	for back := range utf8.UTFMax {
		if utf8.RuneStart(line[at-back]) {
			return at - back
		}
	}
	return at
}

// flush ends the output of a step: passes on a last line that has no end, and forgets the epilogue.
func (s *stream) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
}

func (s *stream) finish() {
	if len(s.pending) > 0 {
		s.take(string(s.pending))
		s.pending = nil
	}
	s.held = nil
}

func (s *stream) take(text string) {
	if len(s.held) > 0 && libraryLog.MatchString(text) {
		s.held = append(s.held, text)
		return
	}
	if match := epilogue.FindStringSubmatch(text); match != nil {
		s.held = append(s.held, text)
		// The outer processes of the isolation tell only the status they made of it.
		if match[1] != "" {
			s.signal = match[1]
		}
		return
	}
	for _, line := range s.held {
		s.line(line)
	}
	s.held, s.signal = nil, ""
	s.line(text)
}
