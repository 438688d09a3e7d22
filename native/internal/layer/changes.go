package layer

import (
	"archive/tar"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ReservedName says that a file has a name that layers use to remove others.
type ReservedName struct{ Name string }

// Error names the file.
func (r *ReservedName) Error() string {
	return fmt.Sprintf("/%s: names that begin with %s mean in layers that a file was removed: give the file another name", r.Name, whiteoutPrefix)
}

// change is one difference between a root file system and the layers below.
type change struct {
	name string
	// now is nil for a removal.
	now *Node
	// same says that it is as below, and listed only for the sake of its other names.
	same     bool
	modified time.Time
}

// comparison finds what a directory has that the layers below have not. Every driver gives the same list.
type comparison struct {
	below *Tree
	// partial says that the directory holds only what is new: the upper directory of an overlay. Else it is a whole copy.
	partial bool
	// places are the directories of a whole copy, with their inodes, as it was made: times do not tell that one was moved.
	places map[string]uint64
	// seen are those that the comparison found; nil: nobody wants them.
	seen map[string]uint64
	// beside says whose the files are where the disk does not; nil: the disk does.
	beside beside
	// since is a time of the file system, in a whole copy: what has not changed later is as below.
	since unix.Timespec
	epoch time.Time
	// begun is when the first command could write; late says that something listed is younger than epoch and older than that.
	begun time.Time
	late  bool
	list  []change
	// idle are files of a partial directory that are as below, and those that no layer can hold.
	idle []string
	// redated are directories whose new time means nothing, with the one that they had.
	redated map[string]unix.Timespec
}

// compare lists the changes in the order of layers.
func (c *comparison) compare(directory string) error {
	root := &Node{path: directory, parts: []part{{path: directory}}}
	if err := unix.Lstat(directory, &root.Stat); err != nil {
		return fmt.Errorf("reading %s: %w", directory, err)
	}
	root.settled = !c.partial
	if _, err := c.children(".", &lower{tree: c.below, node: c.below.root, known: true}, root, false); err != nil {
		return err
	}
	c.dropIdle()
	return nil
}

// children compares what a directory holds. fresh says that the directory above hides what is below, and so does this one. It
// says whether names came or went.
func (c *comparison) children(name string, low *lower, now *Node, fresh bool) (bool, error) {
	present, err := readNames(now.path)
	if err != nil {
		return false, err
	}
	names := map[string]bool{}
	for _, base := range present {
		if hidden, is := strings.CutPrefix(base, whiteoutPrefix); is && c.partial {
			if base != opaqueMark {
				names[hidden] = names[hidden] || false
			}
			continue
		}
		names[base] = true
	}
	fresh = fresh || !c.partial || isOpaque(now.path)
	if fresh && !c.untouched(now) {
		before, err := low.names()
		if err != nil {
			return false, err
		}
		for _, base := range before {
			names[base] = names[base] || false
		}
	}
	moved := false
	for _, base := range slices.Sorted(maps.Keys(names)) {
		came, err := c.one(path.Join(name, base), low.child(base), now, names[base], fresh)
		if err != nil {
			return false, err
		}
		moved = moved || came
	}
	return moved, nil
}

// one compares one name, and says whether it came or went.
func (c *comparison) one(name string, low *lower, parent *Node, present, fresh bool) (moved bool, err error) {
	base := path.Base(name)
	now := &Node{path: filepath.Join(parent.path, base)}
	if present {
		if err := unix.Lstat(now.path, &now.Stat); err != nil {
			return false, fmt.Errorf("reading /%s: %w", name, err)
		}
		now.settled = parent.settled && (!now.IsDir() || c.places["/"+name] == now.Stat.Ino)
		now.parts = []part{{path: now.path}}
		if c.untouched(now) && now.IsDir() {
			return false, c.untouchedDirectory(name, low, now)
		}
		now.extra = correctBy(c.beside, now.path, &now.Stat)
	}
	before, err := low.get()
	if err != nil {
		return false, err
	}
	if !present || (c.partial && isWhiteout(&now.Stat)) {
		if before == nil {
			return false, nil
		}
		c.list = append(c.list, change{name: name})
		return true, nil
	}
	if strings.HasPrefix(base, whiteoutPrefix) {
		return false, &ReservedName{Name: name}
	}
	if now.Stat.Mode&unix.S_IFMT == unix.S_IFSOCK {
		// No layer can hold it.
		c.idle = append(c.idle, now.path)
		return false, nil
	}
	if now.IsDir() {
		return before == nil || !before.IsDir(), c.directory(name, before, low, now, fresh)
	}
	return before == nil, c.file(name, before, now)
}

func (c *comparison) file(name string, before, now *Node) error {
	same, err := c.unchanged(before, now)
	if err != nil {
		return fmt.Errorf("/%s: %w", name, err)
	}
	if same && now.Stat.Nlink < 2 {
		if c.partial {
			c.idle = append(c.idle, now.path)
		}
		return nil
	}
	c.list = append(c.list, change{name: name, now: now, same: same, modified: c.clamp(now)})
	return nil
}

func (c *comparison) directory(name string, before *Node, low *lower, now *Node, fresh bool) error {
	if before != nil && !before.IsDir() {
		before = nil
	}
	c.see(name, now)
	place := len(c.list)
	c.list = append(c.list, change{name: name, now: now, modified: c.clamp(now)})
	moved, err := c.children(name, low, now, fresh)
	if err != nil {
		return err
	}
	if before == nil {
		return nil
	}
	// That something came or went dates a directory; whether a driver dates it for less is its own affair.
	if time.Unix(now.Stat.Mtim.Unix()).After(c.epoch) && !moved {
		c.list[place].modified = c.clamp(before)
		if c.redated == nil {
			c.redated = map[string]unix.Timespec{}
		}
		c.redated[now.path] = before.Stat.Mtim
	}
	like, err := alike(before, now)
	c.list[place].same = like && c.list[place].modified.Equal(time.Unix(before.Stat.Mtim.Sec, 0))
	return err
}

func (c *comparison) clamp(node *Node) time.Time {
	modified := time.Unix(node.Stat.Mtim.Sec, 0)
	if modified.After(c.epoch) {
		return c.epoch
	}
	return modified
}

// unchanged says whether a file is as below. Times tell only that it may be: then the contents are compared.
func (c *comparison) unchanged(before, now *Node) (bool, error) {
	if before == nil {
		return false, nil
	}
	if c.untouched(now) {
		return true, nil
	}
	if before.Stat.Size != now.Stat.Size || before.Stat.Mtim != now.Stat.Mtim || before.Stat.Rdev != now.Stat.Rdev {
		return false, nil
	}
	if like, err := alike(before, now); err != nil || !like {
		return false, err
	}
	switch {
	case now.IsRegular():
		return sameContent(before, now)
	case now.IsLink():
		first, err := before.Target()
		if err != nil {
			return false, err
		}
		second, err := now.Target()
		return first == second, err
	}
	return true, nil
}

// dropIdle leaves out what is as below: files that have no other name that is new, directories that hold nothing new.
func (c *comparison) dropIdle() {
	renewed, needed := map[uint64]bool{}, map[string]bool{}
	for _, one := range c.list {
		if one.now != nil && !one.same && !one.now.IsDir() {
			renewed[one.now.Stat.Ino] = true
		}
	}
	idle := func(one change) bool {
		if !one.same {
			return false
		}
		if one.now.IsDir() {
			return !needed[one.name]
		}
		return !renewed[one.now.Stat.Ino]
	}
	for _, one := range c.list {
		if one.now != nil && one.now.IsDir() && one.same || idle(one) {
			continue
		}
		for up := path.Dir(one.name); up != "." && !needed[up]; up = path.Dir(up) {
			needed[up] = true
		}
	}
	c.list = slices.DeleteFunc(c.list, func(one change) bool {
		if !idle(one) {
			return false
		}
		if c.partial {
			c.idle = append(c.idle, one.now.path)
		}
		return true
	})
}

// tidy takes out of a partial directory what is not in the list.
func (c *comparison) tidy() error {
	for _, at := range c.idle {
		if err := os.RemoveAll(at); err != nil {
			return fmt.Errorf("leaving out what did not change: %w", err)
		}
	}
	return nil
}

// date gives a file on the disk the time that the layer tells.
func (c *comparison) date(one change) error {
	// A directory's own time went when something in it was left out.
	if !one.now.IsDir() && one.now.Stat.Mtim.Nsec == 0 && one.now.Stat.Mtim.Sec == one.modified.Unix() {
		return nil
	}
	err := error(nil)
	if one.now.held != 0 {
		moment := unix.NsecToTimeval(one.modified.UnixNano())
		err = unix.Futimes(int(one.now.held), []unix.Timeval{moment, moment})
	} else {
		err = setTime(one.now.path, one.modified)
	}
	if err != nil {
		return fmt.Errorf("dating /%s: %w", one.name, err)
	}
	return nil
}

// dateRest dates what entries does not open, directories after what they hold.
func (c *comparison) dateRest() error {
	for _, one := range slices.Backward(c.list) {
		if one.now == nil || one.now.IsRegular() {
			continue
		}
		if err := c.date(one); err != nil {
			return err
		}
	}
	return nil
}

// entries makes the layer of the list.
func (c *comparison) entries(yield func(Entry, error) bool) {
	named := map[uint64]string{}
	for _, one := range c.list {
		if one.now == nil {
			if !yield(Removal(one.name), nil) {
				return
			}
			continue
		}
		entry, err := c.entry(one, named)
		if err == nil && entry.Header == nil {
			continue
		}
		more := yield(entry, err)
		one.now.release()
		if !more {
			return
		}
	}
}

// entry describes one change. Files that have several names are kept in named by their first.
func (c *comparison) entry(one change, named map[uint64]string) (Entry, error) {
	written := time.Unix(one.now.Stat.Mtim.Sec, 0)
	c.late = c.late || (written.After(c.epoch) && written.Before(c.begun.Truncate(time.Second)))
	first, known := "", false
	if !one.now.IsDir() && one.now.Stat.Nlink > 1 {
		if first, known = named[one.now.Stat.Ino]; !known {
			named[one.now.Stat.Ino] = one.name
		}
	}
	if c.partial && one.now.IsRegular() && !known {
		if err := one.now.hold(); err != nil {
			return Entry{}, fmt.Errorf("reading /%s: %w", one.name, err)
		}
		if err := c.date(one); err != nil {
			return Entry{}, err
		}
	}
	entry, err := EntryOf(one.now, one.name)
	if err != nil || entry.Header == nil {
		return entry, err
	}
	entry.Header.ModTime = one.modified
	if known {
		entry = Entry{Header: linkTo(entry.Header, first)}
	}
	return entry, nil
}

// linkTo is the header of a further name of a file.
func linkTo(header *tar.Header, first string) *tar.Header {
	link := *header
	link.Typeflag, link.Linkname, link.Size, link.PAXRecords = tar.TypeLink, first, 0, nil
	return &link
}
