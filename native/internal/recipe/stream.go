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
		} else if line, rest = cutLong(s.pending); line == nil {
			return len(data), nil
		}
		s.take(string(line))
		s.pending = rest
	}
}

// cutLong takes the beginning of a line that is too long to wait for its end, in whole characters; nil: it is not.
func cutLong(line []byte) (begin, rest []byte) {
	if len(line) <= longestLine {
		return nil, line
	}
	at := longestLine
	for range utf8.UTFMax - 1 {
		if utf8.RuneStart(line[at]) {
			break
		}
		at--
	}
	if !utf8.RuneStart(line[at]) {
		at = longestLine
	}
	return line[:at], line[at:]
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
