package recipe

import (
	"path"
	"strings"
)

// attack is an archive and what becomes of it over the base image of an arena.
type attack struct {
	name    string
	archive []byte
	// want are the entries of the layer; none: nothing changes. fails is a pattern of the error instead.
	want  []string
	fails string
	// context is a pattern of the error that the same entries give as a build context, where there must be one.
	context string
	// notAdded says that ADD does not take it for an archive.
	notAdded bool
}

// onTheWay are the directories above a name that starts with a slash, as entries of a layer, and the name itself.
func onTheWay(name string) []string {
	var found []string
	for up := path.Dir(strings.TrimPrefix(name, "/")); up != "."; up = path.Dir(up) {
		found = append([]string{up + "/"}, found...)
	}
	return append(found, strings.TrimPrefix(name, "/"))
}

// landed is a file of the text `x` below the place that a link to the canary means inside the image, with more entries
// around it in the order of layers.
func landed(canary string, before, after []string) []string {
	inside := onTheWay(canary + "/" + escaped)
	inside[len(inside)-1] += ` "x"`
	return append(append(append([]string{}, before...), inside...), after...)
}

func attacks(canary string) []attack {
	all := attacksByName(canary)
	all = append(all, attacksByLink(canary)...)
	all = append(all, attacksByRemoval()...)
	all = append(all, attacksByProperty()...)
	return append(all, brokenArchives()...)
}

func attacksByName(canary string) []attack {
	out, long := "leads out of the archive", strings.Repeat("n", 256)
	return []attack{
		{name: "a name of two dots", archive: rawTar(rawFile("../"+escaped, "x")), fails: out, context: out},
		{name: "two dots that lead out in the middle", archive: rawTar(rawFile("a/../../"+escaped, "x")), fails: out, context: out},
		{name: "an absolute name with two dots", archive: rawTar(rawFile("/../../.."+canary+"/"+escaped, "x")), fails: out, context: out},
		{name: "a directory of two dots", archive: rawTar(rawDirectory("..")), fails: out, context: out},
		{name: "two dots that stay inside", archive: rawTar(rawFile("a/../b", "x")), want: []string{`b "x"`}},
		{name: "two dots behind a link", archive: rawTar(rawLink("s", canary+"/deep/er"), rawFile("s/../"+escaped, "x")),
			want: []string{"s -> " + canary + "/deep/er", escaped + ` "x"`}},
		{name: "an absolute name", archive: rawTar(rawFile("/"+escaped, "x")), want: []string{escaped + ` "x"`}},
		{name: "many slashes", archive: rawTar(rawFile("//.//./"+escaped+"//", "x")), want: []string{escaped + ` "x"`}},
		{name: "an empty name", archive: rawTar(rawFile("", "x")), fails: "root directory", context: "root directory"},
		{name: "a link in place of the root", archive: rawTar(rawLink("./", canary)), fails: "root directory", context: "root directory"},
		{name: "a hard link in place of the root", archive: rawTar(rawFile("f", "x"), rawHardLink(".", "f")), fails: "root directory"},
		{name: "the root as a directory", archive: rawTar(rawDirectory("."), rawFile("f", "x")), want: []string{`f "x"`}},
		{name: "a new line in a name", archive: rawTar(rawFile("a\nb", "x")), want: []string{"a\nb \"x\""}},
		{name: "bytes that are not UTF-8", archive: rawTar(rawFile("\xff\xfe", "x")), want: []string{"\xff\xfe \"x\""}},
		{name: "a zero byte in a name", archive: rawTar(rawPAX("path=a\x00b"), rawFile("f", "x")), fails: "reading a tar", context: "reading a tar", notAdded: true},
		{name: "a part of 256 bytes", archive: rawTar(rawFile(long, "x")), fails: "a part of 256 bytes", context: "a part of 256 bytes"},
		{name: "a part of 256 bytes in a hard link", archive: rawTar(rawHardLink("h", long)), fails: "a part of 256 bytes"},
		{name: "a part of 256 bytes behind a link", archive: rawTar(rawLink("l", long), rawFile("l/f", "x")), fails: "name too long|a part of 256"},
		{name: "a path of 3,000 bytes", archive: rawTar(rawFile(strings.Repeat("0123456789/", 272)+"f", "x")),
			want: func() []string {
				list := onTheWay("/" + strings.Repeat("0123456789/", 272) + "f")
				list[len(list)-1] += ` "x"`
				return list
			}()},
		{name: "a path of 5,000 bytes", archive: rawTar(rawFile(strings.Repeat("0123456789/", 460)+"f", "x")), fails: "5061 bytes", context: "5061 bytes"},
		{name: "a file and then entries below it", archive: rawTar(rawFile("f", "x"), rawFile("f/x", "x")), fails: "/f: is not a directory", context: "not a directory"},
	}
}

func attacksByLink(canary string) []attack {
	loop, missing := "too many levels of symbolic links", "which is not there"
	up := strings.Repeat("../", 40) + strings.TrimPrefix(canary, "/")
	return []attack{
		{name: "a file through an absolute link", archive: rawTar(rawLink("a", canary), rawFile("a/"+escaped, "x")),
			want: landed(canary, []string{"a -> " + canary}, nil)},
		{name: "a file through a link of many dots", archive: rawTar(rawLink("a", up), rawFile("a/"+escaped, "x")),
			want: landed(canary, []string{"a -> " + up}, nil)},
		{name: "a file through links to links", archive: rawTar(rawLink("a", "b/."), rawLink("b", "./leads-up"), rawFile("a/"+escaped, "x")),
			want: landed(canary, []string{"a -> b/.", "b -> ./leads-up"}, nil)},
		{name: "a file through a link of the layer below", archive: rawTar(rawFile("leads-out/"+escaped, "x")), want: landed(canary, nil, nil)},
		{name: "a file through a link of dots of the layer below", archive: rawTar(rawFile("leads-up/"+escaped, "x")), want: landed(canary, nil, nil)},
		{name: "a directory in place of a link to nowhere", archive: rawTar(rawDirectory("leads-out"), rawFile("leads-out/f", "x")),
			want: []string{"leads-out/", `leads-out/f "x"`}},
		{name: "a directory that joins the one behind a link", archive: rawTar(raw{kind: '5', name: "to-d/", mode: 0o700}, rawFile("to-d/f", "x")),
			want: []string{"d/ 700", `d/f "x"`}},
		{name: "two links that lead to each other", archive: rawTar(rawLink("a", "b"), rawLink("b", "a"), rawFile("a/f", "x")), fails: loop, context: loop},
		{name: "a link to itself", archive: rawTar(rawLink("a", "a"), rawFile("a/f", "x")), fails: loop, context: loop},
		{name: "a directory in place of a link to itself", archive: rawTar(rawLink("a", "a"), rawDirectory("a")), want: []string{"a/"}},
		{name: "a link that leads nowhere", archive: rawTar(rawLink("a", "")), fails: "leads nowhere", context: "leads nowhere"},
		{name: "a link of 5,000 bytes", archive: rawTar(rawLink("a", strings.Repeat("0123456789", 500))), fails: "5000 bytes", context: "5000 bytes"},
		{name: "a directory that becomes a link", archive: rawTar(rawDirectory("a"), rawFile("a/1", "x"), rawLink("a", canary), rawFile("a/"+escaped, "x")),
			want: landed(canary, []string{"a -> " + canary}, nil)},
		{name: "a directory of the layer below that becomes a link", archive: rawTar(rawLink("d", canary), rawFile("d/"+escaped, "x")),
			want: landed(canary, []string{"d -> " + canary}, nil), context: "is a directory|not there"},
		{name: "a hard link to an absolute name", archive: rawTar(rawHardLink("h", "/etc/shadow")), fails: missing, context: missing},
		{name: "a hard link out", archive: rawTar(rawHardLink("h", "../../etc/passwd")), fails: "leads out of the archive", context: "leads out"},
		{name: "a hard link through a link", archive: rawTar(rawLink("a", canary), rawHardLink("h", "a/secret")), fails: missing, context: missing},
		{name: "a hard link through a link of the layer below", archive: rawTar(rawHardLink("h", "leads-up/secret")), fails: missing, context: missing},
		{name: "a hard link to a link that leads out", archive: rawTar(rawLink("s", canary+"/secret"), rawHardLink("h", "s")),
			want: []string{"h -> " + canary + "/secret", "s = h"}},
		{name: "a file in place of a hard link to a link", archive: rawTar(rawLink("s", canary+"/secret"), rawHardLink("h", "s"), rawFile("h", "x")),
			want: []string{`h "x"`, "s -> " + canary + "/secret"}},
		{name: "a hard link to a directory", archive: rawTar(rawHardLink("h", "d")), fails: "which is a directory", context: missing},
		{name: "a hard link to the root", archive: rawTar(rawHardLink("h", ".")), fails: "which is a directory", context: "which is a directory"},
		{name: "a hard link to itself that is not there", archive: rawTar(rawHardLink("h", "h")), fails: missing, context: missing},
		{name: "a hard link to itself", archive: rawTar(rawFile("h", "x"), rawHardLink("h", "h")), want: []string{`h "x"`}},
		{name: "a hard link to what was removed", archive: rawTar(rawFile("d/.wh.a", ""), rawHardLink("h", "d/a")), fails: missing},
		{name: "a hard link to a file of the layer below", archive: rawTar(rawHardLink("h", "d/a")), want: []string{`h "below"`}, context: missing},
		{name: "a hard link that outlives its file", archive: rawTar(rawFile("a", "x"), rawHardLink("b", "a"), rawFile("a", "new")),
			want: []string{`a "new"`, `b "x"`}},
		{name: "hard links in a circle", archive: rawTar(rawHardLink("d/a", "d/a"), rawHardLink("h", "d/a"), rawHardLink("d/a", "h")),
			want: []string{"d/", `d/a "below"`, "h = d/a"}, context: missing},
		{name: "a hard link to a file of the layer below that is replaced", archive: rawTar(rawHardLink("d/a", "d/a"), rawHardLink("h", "d/a"), rawFile("d/a", "another")),
			want: []string{"d/", `d/a "another"`, `h "below"`}, context: missing},
		{name: "a chain of hard links", archive: rawTar(rawFile("c", "x"), rawHardLink("b", "c"), rawHardLink("a", "b")),
			want: []string{`a "x"`, "b = a", "c = a"}},
		{name: "a hard link in place of the directory of its file", archive: rawTar(rawFile("a/x", "x"), rawHardLink("a", "a/x")), want: []string{`a "x"`}},
	}
}

func attacksByRemoval() []attack {
	nothing, reserved := "removes nothing that could exist", `names that begin with \.wh\.`
	return []attack{
		{name: "a removal", archive: rawTar(rawFile("d/.wh.a", "")), want: []string{"d/", "-d/a"}, context: reserved},
		{name: "a removal of a directory", archive: rawTar(rawFile(".wh.d", "")), want: []string{"-d"}, context: reserved},
		{name: "a removal of two dots", archive: rawTar(rawFile(".wh...", "")), fails: nothing, context: nothing},
		{name: "a removal of one dot", archive: rawTar(rawFile("d/.wh..", "")), fails: nothing, context: nothing},
		{name: "a removal of nothing", archive: rawTar(rawFile(".wh.", "")), fails: nothing, context: nothing},
		{name: "a removal of nothing with a slash", archive: rawTar(rawFile("d/.wh./", "")), fails: nothing, context: nothing},
		{name: "a directory that is a removal", archive: rawTar(rawDirectory(".wh.d")), want: []string{"-d"}, context: reserved},
		{name: "entries below a removal", archive: rawTar(rawFile("d/.wh.a/f", "x")), fails: reserved, context: reserved},
		{name: "entries below the mark of an opaque directory", archive: rawTar(rawFile("d/.wh..wh..opq/f", "x")), fails: reserved, context: reserved},
		{name: "a removal through a link", archive: rawTar(rawFile("leads-out/.wh.secret", ""), rawFile("leads-up/.wh.secret", "")), context: reserved},
		{name: "a removal through a link that leads to a directory", archive: rawTar(rawFile("to-d/.wh.a", "")), want: []string{"d/", "-d/a"}, context: reserved},
		{name: "a removal of a link that leads out", archive: rawTar(rawFile(".wh.leads-out", "")), want: []string{"-leads-out"}, context: reserved},
		{name: "a removal of what is not there", archive: rawTar(rawFile("d/.wh.nothing", ""), rawFile("no/.wh.where", "")), context: reserved},
		{name: "a removal below a file", archive: rawTar(rawFile("d/a/.wh.x", "")), fails: "not a directory", context: reserved},
		{name: "an opaque root", archive: rawTar(rawFile(".wh..wh..opq", ""), rawFile("f", "x")),
			want: []string{"-d", "-etc", `f "x"`, "-leads-out", "-leads-up", "-to-d"}, context: reserved},
		{name: "an opaque directory behind its files", archive: rawTar(rawFile("d/sub/n", "x"), rawFile("d/.wh..wh..opq", "")),
			want: []string{"d/", "-d/a", "d/sub/", `d/sub/n "x"`, "-d/sub/x"}, context: reserved},
		{name: "an opaque directory that is not there", archive: rawTar(rawFile("no/.wh..wh..opq", "")), context: reserved},
		{name: "marks of aufs", archive: rawTar(rawFile(".wh..wh.plnk", ""), rawFile(".wh..wh.aufs", "")), context: reserved},
		{name: "marks of aufs with entries", archive: rawTar(rawFile(".wh..wh.plnk/1.2", "")), fails: reserved, context: reserved},
		{name: "a file that comes again after its removal", archive: rawTar(rawFile("d/.wh.a", ""), rawFile("d/a", "x")), want: []string{"d/", `d/a "x"`}, context: reserved},
		{name: "a directory that comes again as it was removed as a file", archive: rawTar(rawFile("d", "x"), rawDirectory("d"), rawFile("d/n", "x")),
			want: []string{"d/", "-d/a", `d/n "x"`, "-d/sub"}},
	}
}

func attacksByProperty() []attack {
	ids, numbers := "ids that no system has", "numbers that no device has"
	return []attack{
		{name: "a character device", archive: rawTar(rawDevice('3', "null", 1, 3)), want: []string{"null 3 1,3"}},
		{name: "a block device", archive: rawTar(rawDevice('4', "disk", 7, 0)), want: []string{"disk 4 7,0"}},
		{name: "a device that means a removal", archive: rawTar(rawDevice('3', "d", 0, 0)), fails: numbers, context: numbers},
		{name: "a device of a huge number", archive: rawTar(rawDevice('3', "null", 1<<32+1, 3)), fails: numbers, context: numbers},
		{name: "a device of a negative number", archive: rawTar(rawDevice('3', "null", 1, -3)), fails: numbers, context: numbers},
		{name: "a pipe", archive: rawTar(raw{kind: '6', name: "pipe", mode: 0o600}), want: []string{"pipe 6 600"}},
		{name: "a type that nobody knows", archive: rawTar(raw{kind: 'Z', name: "f", mode: 0o600}), fails: "no place in a layer", context: "no place in a layer"},
		{name: "a part of a volume", archive: rawTar(raw{kind: 'M', name: "f", gnu: true}), fails: "no place in a layer", context: "no place in a layer"},
		{name: "setuid for another owner", archive: rawTar(raw{kind: '0', name: "f", mode: 0o6755, uid: 1000, gid: 50, content: "x"}), want: []string{`f "x" 6755 1000:50`}},
		{name: "ids below zero", archive: rawTar(raw{kind: '0', name: "f", uid: -1, content: "x"}), fails: ids, context: ids},
		{name: "ids of 31 bits", archive: rawTar(raw{kind: '0', name: "f", mode: 0o644, uid: 1 << 31, gid: 1<<32 - 2, content: "x"}), want: []string{`f "x" 2147483648:4294967294`}},
		{name: "the id that means no change", archive: rawTar(raw{kind: '0', name: "f", mode: 0o4755, uid: 1<<32 - 1, content: "x"}), fails: ids, context: ids},
		{name: "ids that wrap around to root", archive: rawTar(raw{kind: '0', name: "f", mode: 0o4755, uid: 1 << 32, gid: 1<<32 + 1, content: "x"}), fails: ids, context: ids},
		{name: "ids of 64 bits in a record", archive: rawTar(rawPAX("uid=4294967296"), rawFile("f", "x")), fails: ids, context: ids},
		{name: "mode bits that are none", archive: rawTar(raw{kind: '0', name: "f", mode: 0o170644 | 1<<20, content: "x"}), want: []string{`f "x"`}},
		{name: "a time before 1970", archive: rawTar(raw{kind: '0', name: "f", mode: 0o644, modified: -86400, content: "x"}), want: []string{`f "x" 0`}},
		{name: "a fraction before 1970", archive: rawTar(rawPAX("mtime=-0.5"), rawFile("f", "x")), want: []string{`f "x" 0`}},
		{name: "the year 9999", archive: rawTar(raw{kind: '0', name: "f", mode: 0o644, modified: 253402300799, content: "x"}), want: []string{`f "x"`}},
		{name: "a time beyond all clocks", archive: rawTar(rawPAX("mtime=9223372036854775807"), rawFile("f", "x")), want: []string{`f "x"`}},
		{name: "attributes that are not kept", archive: rawTar(rawPAX("SCHILY.xattr.trusted.overlay.opaque=y", "SCHILY.xattr.user.overlay.opaque=y",
			"SCHILY.xattr.user.fuseoverlayfs.opaque=y", "SCHILY.xattr.security.selinux=x", "SCHILY.xattr.system.posix_acl_access=x", "SCHILY.xattr.user.kept=1"),
			rawDirectory("d")), want: []string{`d/ user.kept="1"`}},
		{name: "an attribute of 100,000 bytes", archive: rawTar(rawPAX("SCHILY.xattr.user.big="+strings.Repeat("v", 100_000)), rawFile("f", "x")),
			fails: "attribute user.big|lsetxattr"},
		{name: "a capability that is none", archive: rawTar(rawPAX("SCHILY.xattr.security.capability=rubbish"), rawFile("f", "x")), fails: "security.capability|lsetxattr"},
		{name: "records for the whole archive", archive: rawTar(raw{kind: 'g', name: "g", content: paxText("path=../"+escaped, "uid=7")}, rawFile("f", "x")),
			want: []string{`f "x"`}},
		{name: "a contiguous file", archive: rawTar(raw{kind: '7', name: "f", mode: 0o644, content: "x"}), want: []string{`f "x"`}},
		{name: "a file that is a directory by its slash", archive: rawTar(raw{kind: 0, name: "n/", mode: 0o755}), want: []string{"n/"}},
		{name: "a sparse file", archive: rawTar(raw{kind: 'S', name: "f", mode: 0o644, minor: 4096}), want: []string{`f "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"`}},
	}
}

func brokenArchives() []attack {
	reading, short := "reading a tar", "unexpected EOF"
	whole := rawTar(rawFile("a", "x"), rawFile("f", strings.Repeat("content", 300)))
	return []attack{
		{name: "an empty stream", archive: nil, notAdded: true},
		{name: "an archive of nothing", archive: make([]byte, 1024), notAdded: true},
		{name: "rubbish", archive: []byte(strings.Repeat("rubbish ", 500)), fails: reading, context: reading, notAdded: true},
		{name: "rubbish behind a file", archive: append(rawParts(rawFile("a", "x")), strings.Repeat("rubbish ", 500)...), fails: reading, context: reading},
		{name: "a header cut off", archive: whole[:1024+200], fails: short, context: short},
		{name: "a content cut off", archive: whole[:1024+512+700], fails: short, context: short},
		{name: "a wrong sum", archive: rawTar(rawFile("a", "x"), raw{kind: '0', name: "f", wrongSum: true}), fails: reading, context: reading},
		{name: "10 GB that do not come", archive: rawParts(raw{kind: '0', name: "f", size: 10 << 30, content: "zeros"}), fails: short + "|MB are wanted", context: short + "|MB are wanted"},
		{name: "more than the disk holds", archive: rawParts(raw{kind: '0', name: "f", size: 1 << 52, content: "zeros"}), fails: "MB are wanted in the store", context: "MB are wanted"},
		{name: "more than any disk holds", archive: rawParts(raw{kind: '0', name: "f", size: 1<<63 - 1, content: "zeros"}), fails: "more than any disk|MB are wanted", context: "more than any|MB are wanted"},
		{name: "a hole that is larger than the disk", archive: rawTar(raw{kind: 'S', name: "f", mode: 0o644, minor: 1 << 52}), fails: "MB are wanted", context: "MB are wanted"},
		{name: "a hole that is larger than any disk", archive: rawTar(raw{kind: 'S', name: "f", mode: 0o644, minor: 1<<63 - 1}), fails: "more than any disk|MB are wanted", context: "more than any|MB are wanted"},
		{name: "a size below zero", archive: rawTar(raw{kind: '0', name: "f", size: -1}), fails: reading, context: reading, notAdded: true},
		{name: "a size below zero in a record", archive: rawTar(rawPAX("size=-1"), rawFile("f", "x")), fails: reading, context: reading, notAdded: true},
		{name: "records of 3 GB", archive: rawParts(raw{kind: 'x', name: "x", size: 3 << 30, content: "30 path=x\n"}), fails: reading, context: reading, notAdded: true},
		{name: "a name of 3 GB", archive: rawParts(raw{kind: 'L', name: "x", size: 3 << 30, content: "x", gnu: true}), fails: reading, context: reading, notAdded: true},
		{name: "records that are none", archive: rawTar(raw{kind: 'x', name: "x", content: "999 path=x\n"}, rawFile("f", "x")), fails: reading, context: reading, notAdded: true},
		{name: "a map of holes that is none", archive: rawTar(rawPAX("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=f", "GNU.sparse.realsize=9"), rawFile("f", "x\ny\n")),
			fails: reading, context: reading, notAdded: true},
	}
}
