package follow

import (
	"bytes"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// facts are what /proc says about a process. All are 0 where it has ended.
type facts struct {
	pid, parent, group, session int
	umask                       uint32
	// filtered: it carries a seccomp filter.
	filtered bool
}

// facts reads about a process or a thread.
func (p *people) facts(thread int) facts {
	found := p.status(thread)
	// pid (name) state parent group session
	text := p.file(thread, "stat")
	if fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]); len(fields) > 3 {
		found.group, found.session = number(fields[2]), number(fields[3])
	}
	if found.pid == 0 {
		found.pid = thread
	}
	return found
}

// status reads all but group and session.
func (p *people) status(thread int) facts {
	var found facts
	for line := range bytes.Lines(p.file(thread, "status")) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte(":\t"))
		switch string(name) {
		case "Tgid":
			found.pid = number(value)
		case "PPid":
			found.parent = number(value)
		case "Umask":
			mask, _ := strconv.ParseUint(string(value), 8, 32)
			found.umask = uint32(mask)
		case "Seccomp":
			found.filtered = number(value) == 2
		}
	}
	return found
}

func number(text []byte) int {
	value, _ := strconv.Atoi(string(text))
	return value
}

// file reads a file of a process, whole or not at all.
func (p *people) file(pid int, name string) []byte {
	fd, err := unix.Openat(p.proc, strconv.Itoa(pid)+"/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	text := make([]byte, 0, pageSize)
	for {
		text = slices.Grow(text, pageSize/2)
		read, err := unix.Read(fd, text[len(text):cap(text)])
		if err != nil {
			return nil
		}
		if read == 0 {
			return text
		}
		text = text[:len(text)+read]
	}
}

// numbers lists a directory of /proc that has numbers for names.
func (p *people) numbers(directory string) []int {
	fd, err := unix.Openat(p.proc, directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(fd), directory)
	defer file.Close()
	names, _ := file.Readdirnames(-1)
	var found []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			found = append(found, pid)
		}
	}
	return found
}

// children lists a process's children, also on kernels that do not list them themselves.
func (p *people) children(pid int) []int {
	threads := p.numbers(strconv.Itoa(pid) + "/task")
	if len(threads) == 0 {
		return nil
	}
	var found []int
	listed := false
	for _, thread := range threads {
		text := p.file(pid, "task/"+strconv.Itoa(thread)+"/children")
		listed = listed || text != nil
		for _, field := range bytes.Fields(text) {
			found = append(found, number(field))
		}
	}
	if listed || unix.Faccessat(p.proc, strconv.Itoa(pid)+"/task/"+strconv.Itoa(threads[0])+"/children", unix.F_OK, 0) == nil {
		return found
	}
	for _, other := range p.numbers(".") {
		if p.facts(other).parent == pid {
			found = append(found, other)
		}
	}
	return found
}

// umask is a thread's mask for the modes of new files.
func (p *people) umask(thread int) uint32 { return p.status(thread).umask }
