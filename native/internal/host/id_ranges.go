package host

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// leastIDs is what images with ordinary users and groups need.
const leastIDs = 65536

// Range maps ids of a user namespace to ids outside it.
type Range struct{ Inside, Outside, Count int64 }

func (r Range) String() string { return fmt.Sprintf("%d %d %d", r.Inside, r.Outside, r.Count) }

// account is who this process belongs to, by every name that lines of subordinate ids may use.
type account struct {
	uid, gid int
	names    []string
}

// label is how sentences and lines of /etc/subuid call the account.
func (a account) label() string {
	if len(a.names) > 0 {
		return a.names[0]
	}
	return strconv.Itoa(a.uid)
}

func (a account) owns(owner string) bool {
	for _, name := range a.names {
		if owner == name {
			return true
		}
	}
	return owner == strconv.Itoa(a.uid)
}

// accountOf finds the names of a uid. USER counts only where no line of /etc/passwd contradicts it: it may be a leftover
// of another user, or the only name of one that a directory service knows.
func (r Root) accountOf(uid, gid int, user string) account {
	found := account{uid: uid, gid: gid}
	known := false
	for line := range strings.Lines(r.read("/etc/passwd")) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 {
			continue
		}
		if fields[2] == strconv.Itoa(uid) {
			found.names = append(found.names, fields[0])
		}
		known = known || fields[0] == user
	}
	if len(found.names) == 0 && user != "" && !known {
		found.names = []string{user}
	}
	return found
}

// ranges reads the lines `name:start:count` of a file that belong to the account. The order is that of the file.
func (r Root) ranges(path string, who account) []Range {
	var found []Range
	for line := range strings.Lines(r.read(path)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) != 3 || !who.owns(fields[0]) {
			continue
		}
		start, err := strconv.ParseInt(fields[1], 10, 64)
		count, err2 := strconv.ParseInt(fields[2], 10, 64)
		if err == nil && err2 == nil && count > 0 {
			found = append(found, Range{Outside: start, Count: count})
		}
	}
	return found
}

// servedRanges asks the program that knows ranges of directory services; the option -g asks for groups.
func servedRanges(who account, options ...string) []Range {
	program, err := exec.LookPath("getsubids")
	if err != nil {
		return nil
	}
	text, err := exec.Command(program, append(options, who.label())...).Output()
	if err != nil {
		return nil
	}
	var found []Range
	for line := range strings.Lines(string(text)) {
		// A line is `0: name start count`.
		fields := strings.Fields(line)
		if len(fields) != 4 {
			continue
		}
		start, err := strconv.ParseInt(fields[2], 10, 64)
		count, err2 := strconv.ParseInt(fields[3], 10, 64)
		if err == nil && err2 == nil && count > 0 {
			found = append(found, Range{Outside: start, Count: count})
		}
	}
	return found
}

// subordinates are the ranges of users and of groups that belong to the account.
func (r Root) subordinates(who account) (uids, gids []Range) {
	uids, gids = r.ranges("/etc/subuid", who), r.ranges("/etc/subgid", who)
	if len(uids) == 0 && r == "/" {
		uids = servedRanges(who)
	}
	if len(gids) == 0 && r == "/" {
		gids = servedRanges(who, "-g")
	}
	return uids, gids
}

// fromZero maps 0 to the first id and what follows to the ranges, one behind the other.
func fromZero(first int, ranges []Range) []Range {
	mapped := []Range{{Inside: 0, Outside: int64(first), Count: 1}}
	next := int64(1)
	for _, part := range ranges {
		part.Inside = next
		next += part.Count
		mapped = append(mapped, part)
	}
	return mapped
}

// Mapped reads the ids of this process's user namespace from uid_map or gid_map.
func (r Root) Mapped(file string) []Range {
	var found []Range
	for line := range strings.Lines(r.read("/proc/self/" + file)) {
		var part Range
		if _, err := fmt.Sscan(line, &part.Inside, &part.Outside, &part.Count); err == nil {
			found = append(found, part)
		}
	}
	return found
}

// identical maps the inner ids of ranges to themselves: all that this process knows of.
func identical(ranges []Range) []Range {
	same := make([]Range, 0, len(ranges))
	for _, part := range ranges {
		same = append(same, Range{Inside: part.Inside, Outside: part.Inside, Count: part.Count})
	}
	return same
}

func total(ranges []Range) int64 {
	var sum int64
	for _, part := range ranges {
		sum += part.Count
	}
	return sum
}

// self is the path that starts this program again; without /proc it is the one it was started by.
func self() string {
	const own = "/proc/self/exe"
	if _, err := os.Lstat(own); err == nil {
		return own
	}
	if path, err := exec.LookPath(os.Args[0]); err == nil {
		return path
	}
	return os.Args[0]
}
