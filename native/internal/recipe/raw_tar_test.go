package recipe

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// raw is one entry of a tar, byte by byte: what a library that writes tars would refuse can be said too.
type raw struct {
	// kind is the letter of the type; a sparse file, S, is one hole of minor bytes.
	kind          byte
	name, link    string
	mode          int64
	uid, gid      int64
	modified      int64
	major, minor  int64
	size          int64
	content       string
	wrongSum, gnu bool
}

func rawFile(name, content string) raw {
	return raw{kind: '0', name: name, mode: 0o644, content: content}
}
func rawDirectory(name string) raw    { return raw{kind: '5', name: name + "/", mode: 0o755} }
func rawLink(name, target string) raw { return raw{kind: '2', name: name, link: target, mode: 0o777} }
func rawHardLink(name, to string) raw { return raw{kind: '1', name: name, link: to, mode: 0o644} }
func rawDevice(kind byte, name string, major, minor int64) raw {
	return raw{kind: kind, name: name, mode: 0o600, major: major, minor: minor}
}

// rawPAX are records for the entry that follows.
func rawPAX(records ...string) raw {
	return raw{kind: 'x', name: "PaxHeaders/x", content: paxText(records...)}
}

func paxText(records ...string) string {
	var text strings.Builder
	for _, record := range records {
		size := len(record) + 3
		for len(fmt.Sprint(size))+len(record)+2 != size {
			size = len(fmt.Sprint(size)) + len(record) + 2
		}
		fmt.Fprintf(&text, "%d %s\n", size, record)
	}
	return text.String()
}

// rawTar puts entries behind each other, with the end of an archive.
func rawTar(entries ...raw) []byte {
	return append(rawParts(entries...), make([]byte, 1024)...)
}

func rawParts(entries ...raw) []byte {
	var made bytes.Buffer
	for _, entry := range entries {
		if len(entry.name) > 100 {
			made.Write(rawParts(raw{kind: 'L', name: "././@LongLink", content: entry.name + "\x00", gnu: true}))
		}
		if len(entry.link) > 100 {
			made.Write(rawParts(raw{kind: 'K', name: "././@LongLink", content: entry.link + "\x00", gnu: true}))
		}
		made.Write(entry.header())
		made.WriteString(entry.content)
		if rest := len(entry.content) % 512; rest > 0 {
			made.Write(make([]byte, 512-rest))
		}
	}
	return made.Bytes()
}

func (r raw) header() []byte {
	block := make([]byte, 512)
	copy(block[0:100], r.name)
	if r.size == 0 {
		r.size = int64(len(r.content))
	}
	if r.modified == 0 {
		r.modified = testEpoch.Unix()
	}
	for _, field := range []struct{ at, length, value int64 }{
		{100, 8, r.mode}, {108, 8, r.uid}, {116, 8, r.gid}, {124, 12, r.size}, {136, 12, r.modified}, {329, 8, r.major}, {337, 8, r.minor},
	} {
		numeric(block[field.at:field.at+field.length], field.value)
	}
	block[156] = r.kind
	copy(block[157:257], r.link)
	copy(block[257:], "ustar\x0000")
	if r.gnu || r.kind == 'S' {
		copy(block[257:], "ustar  \x00")
	}
	if r.kind == 'S' {
		// One hole up to the real size.
		numeric(block[386:398], r.minor)
		numeric(block[398:410], 0)
		numeric(block[483:495], r.minor)
	}
	copy(block[148:156], "        ")
	sum := 0
	for _, b := range block {
		sum += int(b)
	}
	if r.wrongSum {
		sum++
	}
	copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return block
}

// numeric writes a number in octal, or as GNU does what does not fit.
func numeric(field []byte, value int64) {
	if text := fmt.Sprintf("%0*o\x00", len(field)-1, value); value >= 0 && len(text) <= len(field) {
		copy(field, text)
		return
	}
	var bits [8]byte
	binary.BigEndian.PutUint64(bits[:], uint64(value))
	fill := byte(0)
	if value < 0 {
		fill = 0xff
	}
	for i := range field {
		field[i] = fill
	}
	copy(field[max(0, len(field)-8):], bits[max(0, 8-len(field)):])
	field[0] |= 0x80
}

// opening gives bytes as a stream, as often as wanted.
func opening(text []byte) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
}
