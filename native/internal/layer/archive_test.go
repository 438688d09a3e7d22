package layer

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAnArchiveGivesCanonicalNamesAndOnlyWhatLayersKeep(t *testing.T) {
	entry := file("./a//b/../c", "text", func(h *tar.Header) {
		h.Mode, h.Uname = 0o104755, "somebody"
		h.PAXRecords = map[string]string{attributeRecord + "user.kept": "1", attributeRecord + "trusted.overlay.opaque": "y", "comment": "x"}
	})
	var global bytes.Buffer
	writer := tar.NewWriter(&global)
	err := errors.Join(writer.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{"comment": "x"}}), writer.Flush())
	if err != nil {
		t.Fatal(err)
	}
	archive := NewArchive(io.MultiReader(&global, tarOf(t, entry)))
	header, err := archive.Next()
	if err != nil {
		t.Fatal(err)
	}
	if header.Name != "a/c" || header.Mode != 0o4755 || header.Uname != "" || len(header.PAXRecords) != 1 || header.PAXRecords[attributeRecord+"user.kept"] != "1" {
		t.Errorf("got %+v", header)
	}
	if text, err := io.ReadAll(archive.Content()); err != nil || string(text) != "text" {
		t.Errorf("got %q %v", text, err)
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}

func TestTimesAreWholeSecondsFrom1970ToTheLimit(t *testing.T) {
	limit := time.Unix(1000, 0)
	for given, want := range map[time.Time]int64{
		time.Unix(999, 999): 999, time.Unix(1000, 1): 1000, time.Unix(1001, 0): 1000, time.Unix(-5, 0): 0,
		time.Unix(1<<63-1, 0): 1000, time.Unix(-1<<63, 0): 0, {}: 0,
	} {
		header := &tar.Header{ModTime: given, AccessTime: given}
		Latest(header, limit)
		if header.ModTime.Unix() != want || header.ModTime.Nanosecond() != 0 || !header.AccessTime.IsZero() {
			t.Errorf("%d becomes %v, wanted %d", given.Unix(), header.ModTime, want)
		}
	}
}

// assertInside holds a header of an archive to what makes it harmless.
func assertInside(t *testing.T, header *tar.Header) {
	t.Helper()
	names := []string{header.Name}
	if header.Typeflag == tar.TypeLink {
		names = append(names, header.Linkname)
	}
	for _, name := range names {
		if name == "" || path.IsAbs(name) || path.Clean(name) != name || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsRune(name, 0) {
			t.Errorf("%q is not inside", name)
		}
		if len(name) > longestName {
			t.Errorf("a name of %d bytes", len(name))
		}
	}
	if hidden, is := removed(header.Name); is {
		if base := path.Base(hidden); base == "." || base == ".." || base == "/" {
			t.Errorf("%q removes %q", header.Name, hidden)
		}
	}
	if !isID(header.Uid) || !isID(header.Gid) || header.Mode&^0o7777 != 0 || header.Size < 0 {
		t.Errorf("got %+v", header)
	}
	for name := range attributesOf(header) {
		if !isKept(name) {
			t.Errorf("the attribute %s is kept", name)
		}
	}
	if header.Name == "." && header.Typeflag != tar.TypeDir {
		t.Errorf("the root is of type %q", header.Typeflag)
	}
}

// summed gives the headers of an archive the sums that they would have, as far as sizes lead from one to the next.
func summed(text []byte) []byte {
	text = bytes.Clone(text)
	for at := 0; at+512 <= len(text); {
		block := text[at : at+512]
		copy(block[148:156], "        ")
		sum := 0
		for _, b := range block {
			sum += int(b)
		}
		copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
		// No number is no content.
		size, _ := strconv.ParseInt(strings.Trim(string(block[124:136]), " \x00"), 8, 32)
		at += 512 + int(max(size, 0)+511)/512*512
	}
	return text
}

func FuzzArchive(f *testing.F) {
	for _, name := range []string{"a/b", "../x", "/etc/passwd", ".wh.x", "d/.wh..wh..opq", strings.Repeat("n/", 100) + "n"} {
		for _, kind := range []byte{tar.TypeReg, tar.TypeSymlink, tar.TypeLink, tar.TypeDir, tar.TypeChar} {
			var made bytes.Buffer
			writer := tar.NewWriter(&made)
			header := &tar.Header{Typeflag: kind, Name: name, Linkname: name, Mode: 0o4755, Devmajor: 1, Devminor: 3, Format: tar.FormatPAX,
				PAXRecords: map[string]string{attributeRecord + "user.a": "1", attributeRecord + "trusted.b": "2"}}
			if err := writer.WriteHeader(header); err != nil {
				f.Fatal(err)
			}
			if err := writer.Close(); err != nil {
				f.Fatal(err)
			}
			f.Add(made.Bytes())
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		archive := NewArchive(bytes.NewReader(summed(text)))
		for range 1000 {
			header, err := archive.Next()
			if err != nil {
				return
			}
			assertInside(t, header)
			if _, err := io.CopyN(io.Discard, archive.Content(), 1<<20); err != nil && !errors.Is(err, io.EOF) {
				return
			}
		}
	})
}
