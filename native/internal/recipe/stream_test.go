package recipe

import (
	"strings"
	"testing"
)

// streamed gives the lines that come of writes, and of the end.
func streamed(writes ...string) []string { return streamedWhole(nil, writes...) }

func streamedWhole(whole [][]byte, writes ...string) []string {
	var lines []string
	stream := &stream{line: func(line string) { lines = append(lines, line) }, whole: whole}
	for _, one := range writes {
		_, _ = stream.Write([]byte(one))
	}
	stream.flush()
	return lines
}

func TestLongLinesArePassedOnInPartsOfWhichNothingIsLost(t *testing.T) {
	for name, text := range map[string]string{
		"letters":    strings.Repeat("abcdefg", 3*longestLine/7+5),
		"characters": "a" + strings.Repeat("漢", longestLine),
		"no text":    strings.Repeat("\x80", 2*longestLine+1),
	} {
		t.Run(name, func(t *testing.T) {
			lines := streamed(text[:10], text[10:], "\nafter\n")
			if len(lines) < 3 || lines[len(lines)-1] != "after" {
				t.Fatalf("%d lines, the last is %.20q", len(lines), lines[len(lines)-1])
			}
			parts := lines[:len(lines)-1]
			if strings.Join(parts, "") != text {
				t.Errorf("%d of %d bytes arrived", len(strings.Join(parts, "")), len(text))
			}
			for _, part := range parts {
				if name == "characters" && strings.ToValidUTF8(part, "") != part {
					t.Errorf("a character is cut: %.8q…", part)
				}
			}
		})
	}
}

func TestLinesMayEndAsOnWindowsOrNotAtAll(t *testing.T) {
	got := streamed("one\r\ntw", "o\n\nthree")
	if want := "one|two||three"; strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
}

func TestSecretsAreNotCutWhereALineIs(t *testing.T) {
	secrets := [][]byte{[]byte("password"), []byte("word-and-more"), []byte(strings.Repeat("key", longestLine))}
	for shift := range 24 {
		filler := strings.Repeat("-", longestLine-shift)
		for name, writes := range map[string][]string{
			"at once":   {filler + "password-and-more" + filler + string(secrets[2]) + string(secrets[2]) + filler + "\n"},
			"in pieces": {filler, "pass", "word-and", "-more", filler, string(secrets[2]), string(secrets[2]) + filler, "\n"},
		} {
			lines := streamedWhole(secrets, writes...)
			if strings.Join(lines, "") != strings.TrimSuffix(strings.Join(writes, ""), "\n") {
				t.Fatalf("%s, %d: something is lost", name, shift)
			}
			for i, secret := range secrets {
				wanted := strings.Count(strings.Join(lines, ""), string(secret))
				if got := strings.Count(strings.Join(lines, "\n"), string(secret)); got != wanted {
					t.Errorf("%s, %d: secret %d is whole %d times of %d", name, shift, i, got, wanted)
				}
			}
		}
	}
}
