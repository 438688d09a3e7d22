package layer

import (
	"fmt"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// untouched says that a file of a whole copy, which lies in a directory that is where it was, is as it was when the copy was
// made, and a directory that it has the same names.
func (c *comparison) untouched(now *Node) bool { return now.settled && earlier(now.Stat.Ctim, c.since) }

// see notes where a directory of a whole copy is now.
func (c *comparison) see(name string, now *Node) {
	if c.seen != nil {
		c.seen["/"+name] = now.Stat.Ino
	}
}

// untouchedDirectory compares what a directory of a whole copy holds, whose names are as they were.
func (c *comparison) untouchedDirectory(name string, low *lower, now *Node) error {
	now.extra = correctBy(c.beside, now.path, &now.Stat)
	c.list = append(c.list, change{name: name, now: now, same: true, modified: c.clamp(now)})
	c.see(name, now)
	directory, err := os.Open(now.path)
	if err != nil {
		return fmt.Errorf("reading /%s: %w", name, err)
	}
	defer directory.Close()
	names, err := directory.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("reading /%s: %w", name, err)
	}
	slices.Sort(names)
	for _, base := range names {
		file := Node{settled: true}
		if err := unix.Fstatat(int(directory.Fd()), base, &file.Stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return fmt.Errorf("reading /%s: %w", path.Join(name, base), err)
		}
		if c.untouched(&file) && !file.IsDir() && file.Stat.Nlink < 2 {
			continue
		}
		if _, err := c.one(path.Join(name, base), low.child(base), now, true, true); err != nil {
			return err
		}
	}
	return nil
}
