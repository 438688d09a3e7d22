package layer

import (
	"archive/tar"
	"errors"
	"slices"
	"testing"
)

// flowed passes entries on and tells what came out.
func flowed(t *testing.T, entries []Entry, change func(*Flow)) ([]string, error) {
	t.Helper()
	flow := NewFlow(below(t), epoch, func(header *tar.Header) { header.Uid = 7 })
	if change != nil {
		change(flow)
	}
	lines := []string{}
	for _, entry := range entries {
		err := flow.Pass(entry.Header, nil, func(given Entry) bool {
			line := lineOf(given)
			if given.Header.Uid == 7 {
				line += " dressed"
			}
			lines = append(lines, line)
			return true
		})
		if err != nil {
			return lines, err
		}
	}
	if flow.Passed() != (len(lines) > 0) {
		t.Errorf("passed is %v behind %q", flow.Passed(), lines)
	}
	return lines, nil
}

func TestASortedStreamIsPassedOnWithTheDirectoriesOnTheWay(t *testing.T) {
	regular := func(name string) Entry { return entryOf(tar.TypeReg, name, "", "") }
	for name, one := range map[string]struct {
		entries []Entry
		want    []string
	}{
		"new directories":            {[]Entry{regular("x/y/a"), regular("x/z")}, []string{"x/ dressed", "x/y/ dressed", "x/y/a", "x/z"}},
		"directories below":          {[]Entry{regular("d/n"), regular("d/sub/n"), regular("e")}, []string{"d/", "d/n", "d/sub/", "d/sub/n", "e"}},
		"a directory and its files":  {[]Entry{entryOf(tar.TypeDir, "d", "", ""), regular("d/n")}, []string{"d/", "d/n"}},
		"a slash sorts before a dot": {[]Entry{regular("a/z"), regular("a.b")}, []string{"a/ dressed", "a/z", "a.b"}},
		"a file in place of a file":  {[]Entry{regular("f")}, []string{"f"}},
		"a file in place of a link":  {[]Entry{regular("l")}, []string{"l"}},
	} {
		if got, err := flowed(t, one.entries, nil); err != nil || !slices.Equal(got, one.want) {
			t.Errorf("%s: got %q (%v), wanted %q", name, got, err, one.want)
		}
	}
	kept, err := flowed(t, []Entry{entryOf(tar.TypeDir, "d", "", "")}, func(f *Flow) { f.KeepDirectories = true })
	if err != nil || len(kept) > 0 {
		t.Errorf("a directory that is kept: %q %v", kept, err)
	}
}

func TestWhatWouldNeedToLookBackIsUnsorted(t *testing.T) {
	regular := func(name string) Entry { return entryOf(tar.TypeReg, name, "", "") }
	for name, entries := range map[string][]Entry{
		"another order":                  {regular("b"), regular("a")},
		"one name twice":                 {regular("a"), regular("a")},
		"a directory twice":              {entryOf(tar.TypeDir, "x", "", ""), entryOf(tar.TypeDir, "x", "", "")},
		"a directory behind its files":   {regular("x/a"), entryOf(tar.TypeDir, "x", "", "")},
		"a directory left and come back": {regular("x/a"), regular("y"), regular("x/b")},
		"a dot before a slash":           {regular("a.b"), regular("a/z")},
		"a hard link":                    {regular("a"), entryOf(tar.TypeLink, "b", "a", "")},
		"a removal":                      {Removal("d")},
		"an opaque directory":            {regular("d/" + opaqueMark)},
		"entries below a removal":        {regular(".wh.d/x")},
		"the root":                       {entryOf(tar.TypeDir, ".", "", "")},
		"a file in place of a directory": {regular("d")},
		"a directory in place of a file": {entryOf(tar.TypeDir, "f", "", "")},
		"a file through a link below":    {regular("l/n")},
		"a file through a new link":      {entryOf(tar.TypeSymlink, "s", "d", ""), regular("s/n")},
		"a file below a file":            {regular("n"), regular("n/x")},
		"a file below a file below":      {regular("f/x")},
	} {
		if got, err := flowed(t, entries, nil); !errors.Is(err, ErrUnsorted) {
			t.Errorf("%s: got %q (%v)", name, got, err)
		}
	}
}

func TestAStreamEndsWhenNobodyWantsMore(t *testing.T) {
	flow := NewFlow(below(t), epoch, func(*tar.Header) {})
	calls := 0
	err := flow.Pass(entryOf(tar.TypeReg, "x/y/z", "", "").Header, nil, func(Entry) bool { calls++; return false })
	if !errors.Is(err, errStopped) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}
