package layer

import (
	"archive/tar"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Difference is one thing that two tars do not say alike.
type Difference struct {
	// Name is relative and clean.
	Name string
	// Field is `presence`, `type`, `mode`, `owner`, `owner names`, `time`, `link`, `device`, `size`, `content`, `order`, or
	// `attribute` and its name.
	Field         string
	First, Second string
}

// told is an entry of a tar as far as it can be compared.
type told struct {
	*tar.Header
	content string
	// place counts the entries before it.
	place int
}

// CompareTars tells what two plain tars do not say alike, at most limit things, in the order of layers. Where every entry
// is the same, the first is told that stands elsewhere. No difference means that only their encoding differs, if anything.
func CompareTars(ctx context.Context, first, second io.Reader, limit int) ([]Difference, error) {
	one, two, err := both(ctx, first, second)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(one)
	maps.Copy(names, two)
	ordered := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Compare(placeOf(a), placeOf(b)) })
	var found []Difference
	for _, name := range ordered {
		found = append(found, differences(name, one[name], two[name])...)
		if len(found) >= limit {
			return found[:limit], nil
		}
	}
	if len(found) == 0 {
		found = disorder(one, two)
	}
	return found, nil
}

// both reads two tars at once.
func both(ctx context.Context, first, second io.Reader) (one, two map[string]told, err error) {
	done := make(chan error, 1)
	go func() {
		var failed error
		one, failed = summary(ctx, first)
		done <- failed
	}()
	two, err = summary(ctx, second)
	err = errors.Join(<-done, err)
	return one, two, err
}

func summary(ctx context.Context, stream io.Reader) (map[string]told, error) {
	entries := map[string]told{}
	reader := tar.NewReader(stream)
	for place := 0; ; place++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a tar: %w", err)
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, reader); err != nil {
			return nil, fmt.Errorf("reading %s of a tar: %w", header.Name, err)
		}
		name := strings.TrimPrefix(path.Clean("/"+header.Name), "/")
		entries[name] = told{Header: header, content: fmt.Sprintf("sha256:%x", hash.Sum(nil)), place: place}
	}
}

// placeOf is what layers are sorted by.
func placeOf(name string) string { return strings.ReplaceAll(name, "/", "\x00") }

func differences(name string, one, two told) []Difference {
	if one.Header == nil || two.Header == nil {
		return []Difference{{Name: name, Field: "presence", First: presence(one), Second: presence(two)}}
	}
	if one.Typeflag != two.Typeflag {
		return []Difference{{Name: name, Field: "type", First: kindOf(one), Second: kindOf(two)}}
	}
	var found []Difference
	note := func(field, first, second string) {
		if first != second {
			found = append(found, Difference{Name: name, Field: field, First: first, Second: second})
		}
	}
	note("mode", fmt.Sprintf("%04o", one.Mode), fmt.Sprintf("%04o", two.Mode))
	note("owner", fmt.Sprintf("%d:%d", one.Uid, one.Gid), fmt.Sprintf("%d:%d", two.Uid, two.Gid))
	note("owner names", one.Uname+":"+one.Gname, two.Uname+":"+two.Gname)
	note("time", timeOf(one), timeOf(two))
	note("link", one.Linkname, two.Linkname)
	note("device", fmt.Sprintf("%d,%d", one.Devmajor, one.Devminor), fmt.Sprintf("%d,%d", two.Devmajor, two.Devminor))
	first, second := written(one), written(two)
	names := maps.Clone(first)
	maps.Copy(names, second)
	for _, attribute := range slices.Sorted(maps.Keys(names)) {
		note("attribute "+attribute, first[attribute], second[attribute])
	}
	note("size", fmt.Sprint(one.Size), fmt.Sprint(two.Size))
	if one.Size == two.Size {
		note("content", one.content, two.content)
	}
	return found
}

// disorder names the first entry of one that the other has elsewhere.
func disorder(one, two map[string]told) []Difference {
	first, second := inPlace(one), inPlace(two)
	for i, name := range first {
		if second[i] != name {
			return []Difference{{Name: name, Field: "order", First: name, Second: second[i]}}
		}
	}
	return nil
}

func inPlace(entries map[string]told) []string {
	return slices.SortedFunc(maps.Keys(entries), func(a, b string) int { return cmp.Compare(entries[a].place, entries[b].place) })
}

func presence(entry told) string {
	if entry.Header == nil {
		return "absent"
	}
	return kindOf(entry)
}

func kindOf(entry told) string {
	switch entry.Typeflag {
	case tar.TypeReg:
		return "file"
	case tar.TypeDir:
		return "directory"
	case tar.TypeSymlink:
		return "symbolic link"
	case tar.TypeLink:
		return "hard link"
	case tar.TypeChar:
		return "character device"
	case tar.TypeBlock:
		return "block device"
	case tar.TypeFifo:
		return "pipe"
	}
	return fmt.Sprintf("type %q", entry.Typeflag)
}

func timeOf(entry told) string { return entry.ModTime.UTC().Format(time.RFC3339Nano) }

// written are the extended attributes as text: bytes that cannot be shown are escaped.
func written(entry told) map[string]string {
	found := map[string]string{}
	for record, value := range entry.PAXRecords {
		if name, is := strings.CutPrefix(record, attributeRecord); is {
			found[name] = fmt.Sprintf("%q", value)
		}
	}
	return found
}
