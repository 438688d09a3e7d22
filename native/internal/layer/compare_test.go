package layer

import (
	"archive/tar"
	"bytes"
	"context"
	"reflect"
	"testing"
	"time"
)

type packed struct {
	tar.Header
	text string
}

func tarOf(t *testing.T, entries ...packed) *bytes.Buffer {
	t.Helper()
	var made bytes.Buffer
	writer := tar.NewWriter(&made)
	for _, entry := range entries {
		entry.Size = int64(len(entry.text))
		entry.Format = tar.FormatPAX
		if entry.ModTime.IsZero() {
			entry.ModTime = time.Unix(1_700_000_000, 0)
		}
		if err := writer.WriteHeader(&entry.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(entry.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return &made
}

func file(name, text string, change func(*tar.Header)) packed {
	entry := packed{Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, text: text}
	if change != nil {
		change(&entry.Header)
	}
	return entry
}

func compared(t *testing.T, limit int, first, second []packed) []Difference {
	t.Helper()
	found, err := CompareTars(context.Background(), tarOf(t, first...), tarOf(t, second...), limit)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEveryFieldThatDiffersIsTold(t *testing.T) {
	dated := func(h *tar.Header) { h.ModTime = time.Unix(1_700_000_001, 0) }
	directory := packed{Header: tar.Header{Typeflag: tar.TypeDir, Name: "f/", Mode: 0o755}}
	link := func(target string) packed {
		return packed{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: "f", Linkname: target, Mode: 0o777}}
	}
	marked := func(value string) func(*tar.Header) {
		return func(h *tar.Header) { h.PAXRecords = map[string]string{attributeRecord + "user.mark": value} }
	}
	plain := file("f", "same", nil)
	for name, one := range map[string]struct {
		first, second packed
		wanted        Difference
	}{
		"mode":      {plain, file("f", "same", func(h *tar.Header) { h.Mode = 0o4755 }), Difference{"f", "mode", "0644", "4755"}},
		"owner":     {plain, file("f", "same", func(h *tar.Header) { h.Gid = 8 }), Difference{"f", "owner", "0:0", "0:8"}},
		"names":     {plain, file("f", "same", func(h *tar.Header) { h.Uname = "me" }), Difference{"f", "owner names", ":", "me:"}},
		"time":      {plain, file("f", "same", dated), Difference{"f", "time", "2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z"}},
		"size":      {plain, file("f", "other", nil), Difference{"f", "size", "4", "5"}},
		"type":      {plain, directory, Difference{"f", "type", "file", "directory"}},
		"link":      {link("a"), link("b"), Difference{"f", "link", "a", "b"}},
		"attribute": {file("f", "same", marked("a\x01")), plain, Difference{"f", "attribute user.mark", `"a\x01"`, ""}},
		"presence":  {plain, file("g", "same", nil), Difference{"f", "presence", "file", "absent"}},
	} {
		found := compared(t, 1, []packed{one.first}, []packed{one.second})
		if !reflect.DeepEqual(found, []Difference{one.wanted}) {
			t.Errorf("%s: got %q, wanted %q", name, found, one.wanted)
		}
	}
	content := compared(t, 9, []packed{plain}, []packed{file("f", "sand", nil)})
	if len(content) != 1 || content[0].Field != "content" || content[0].First == content[0].Second {
		t.Errorf("content: got %q", content)
	}
}

func TestDifferencesComeInTheOrderOfLayersUpToTheLimit(t *testing.T) {
	names := []string{"a.txt", "a", "a/b", "z"}
	var first, second []packed
	for _, name := range names {
		first = append(first, file(name, "1", nil))
		second = append(second, file(name, "22", nil))
	}
	found := compared(t, 3, first, second)
	if len(found) != 3 || found[0].Name != "a" || found[1].Name != "a/b" || found[2].Name != "a.txt" {
		t.Errorf("got %q", found)
	}
}

func TestEqualEntriesInAnotherOrderAreTold(t *testing.T) {
	one, two := file("a", "1", nil), file("b", "2", nil)
	found := compared(t, 9, []packed{one, two}, []packed{two, one})
	if !reflect.DeepEqual(found, []Difference{{"a", "order", "a", "b"}}) {
		t.Errorf("got %q", found)
	}
	if same := compared(t, 9, []packed{one, two}, []packed{one, two}); len(same) != 0 {
		t.Errorf("equal tars differ: %q", same)
	}
}
