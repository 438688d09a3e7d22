package recipe

import (
	"fmt"
	"strconv"
	"strings"
)

// usualMask is what is left out of a change that names nobody, as chmod leaves out what the mask of its user does.
const usualMask = 0o022

// modeChange is what `--chmod` does to a mode: an octal number sets it, words such as u=rwX,go-w change it.
type modeChange struct {
	// words are nil where number is the mode.
	words  []modeWord
	number int64
}

// modeWord is one of `who` (a mask of all bits that are meant), an operator, and what it takes: bits, or those of somebody.
type modeWord struct {
	who      int64
	named    bool
	operator byte
	bits     int64
	// runnable is X: execution of directories and of what somebody may execute already.
	runnable bool
	// from is u, g or o, whose bits are taken; 0: nobody's.
	from byte
}

// masks are the bits of whoever is named, those that only make sense for them included.
var masks = map[byte]int64{'u': 0o4700, 'g': 0o2070, 'o': 0o1007, 'a': 0o7777}

// permissions are bits by letter, for everybody.
var permissions = map[byte]int64{'r': 0o444, 'w': 0o222, 'x': 0o111, 's': 0o6000, 't': 0o1000}

// CheckMode says what is wrong with the text of a `--chmod`; nil: nothing.
func CheckMode(text string) error {
	_, err := parseMode(text)
	return err
}

func parseMode(text string) (*modeChange, error) {
	wrong := fmt.Errorf("--chmod=%s: write an octal mode, such as 0755, or words, such as u=rwX,go=rX", text)
	if number, err := strconv.ParseInt(text, 8, 32); err == nil {
		if number < 0 || number > 0o7777 {
			return nil, wrong
		}
		return &modeChange{number: number}, nil
	}
	made := &modeChange{}
	for clause := range strings.SplitSeq(text, ",") {
		words, valid := parseClause(clause)
		if !valid {
			return nil, wrong
		}
		made.words = append(made.words, words...)
	}
	return made, nil
}

// parseClause reads `[ugoa]*([-+=][rwxXst]*|[-+=][ugo])+`.
func parseClause(text string) (words []modeWord, valid bool) {
	end := strings.IndexAny(text, "+-=")
	if end < 0 {
		return nil, false
	}
	var who int64
	for _, letter := range []byte(text[:end]) {
		mask, known := masks[letter]
		if !known {
			return nil, false
		}
		who |= mask
	}
	for rest := text[end:]; rest != ""; {
		word := modeWord{who: who, named: end > 0, operator: rest[0]}
		if !word.named {
			word.who = 0o7777
		}
		rest = rest[1:]
		size := strings.IndexAny(rest, "+-=")
		if size < 0 {
			size = len(rest)
		}
		if !word.take(rest[:size]) {
			return nil, false
		}
		words, rest = append(words, word), rest[size:]
	}
	return words, true
}

// take reads what stands behind an operator.
func (w *modeWord) take(letters string) (valid bool) {
	if len(letters) == 1 && strings.Contains("ugo", letters) {
		w.from = letters[0]
		return true
	}
	for _, letter := range []byte(letters) {
		if letter == 'X' {
			w.runnable = true
			continue
		}
		bits, known := permissions[letter]
		if !known {
			return false
		}
		w.bits |= bits
	}
	return true
}

// apply gives the mode that comes of one.
func (m *modeChange) apply(mode int64, isDirectory bool) int64 {
	if m.words == nil {
		return m.number
	}
	mode &= 0o7777
	for _, word := range m.words {
		mode = word.apply(mode, isDirectory)
	}
	return mode
}

func (w *modeWord) apply(mode int64, isDirectory bool) int64 {
	bits := w.bits
	if w.runnable && (isDirectory || mode&0o111 != 0) {
		bits |= 0o111
	}
	switch w.from {
	case 'u':
		bits = mode >> 6 & 7 * 0o111
	case 'g':
		bits = mode >> 3 & 7 * 0o111
	case 'o':
		bits = mode & 7 * 0o111
	}
	bits &= w.who
	if !w.named {
		bits &^= usualMask
	}
	switch w.operator {
	case '+':
		return mode | bits
	case '-':
		return mode &^ bits
	}
	cleared := w.who
	if isDirectory {
		// As chmod does: these are taken from a directory only by name.
		cleared &^= 0o6000
	}
	return mode&^cleared | bits
}
