package recipe

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rawEntries makes entries of bytes, four for each: any type, names that try to lead out.
func rawEntries(text []byte, outside string) []byte {
	parts := []string{"a", "b", "..", ".", "", "/" + outside, "../../..", "c"}
	name := func(b, c byte) string {
		return strings.Join([]string{parts[b&7], parts[b>>3&7], parts[c&7]}[:b>>6%3+1], "/")
	}
	var entries []raw
	for ; len(text) >= 4; text = text[4:] {
		entries = append(entries, raw{kind: "0125673x"[text[0]%8], name: name(text[1], text[2]), link: name(text[3], text[2]>>3), mode: int64(text[0]) << 4})
	}
	made := rawTar(entries...)
	return made[:len(made)-min(len(text)*300, len(made))]
}

// FuzzContextTar extracts anything: nothing beside the directory changes.
func FuzzContextTar(f *testing.F) {
	f.Add([]byte{2, 0, 0, 5, 0, 64, 7, 0})
	f.Add([]byte{2, 0, 0, 6, 2, 1, 0, 0, 0, 129, 2, 0, 1, 7, 0, 2})
	f.Add([]byte{3, 0, 0, 0, 2, 0, 0, 2, 0, 64, 1, 0, 9, 9})
	f.Add([]byte{1, 7, 0, 2, 1, 1, 0, 80, 4, 2, 0, 0, 5, 16, 0, 0})
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 400 {
			return
		}
		home := t.TempDir()
		inside, outside := filepath.Join(home, "x/y/inside"), filepath.Join(home, "outside")
		secret := filepath.Join(outside, "a/b/c")
		err := errors.Join(os.MkdirAll(inside, 0o755), os.MkdirAll(filepath.Dir(secret), 0o755), os.WriteFile(secret, []byte("secret"), 0o640))
		if err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, home, inside)
		// A refusal is in order.
		_ = Unpack(bytes.NewReader(rawEntries(text, strings.TrimPrefix(outside, "/"))), inside)
		if now := snapshot(t, home, inside); now != before {
			t.Errorf("beside the directory it was\n%s\nand is\n%s", before, now)
		}
		err = filepath.WalkDir(inside, func(at string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				if content, _ := os.ReadFile(at); len(content) > 0 {
					t.Errorf("%s holds %q, and the archive holds nothing", at, content)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}
