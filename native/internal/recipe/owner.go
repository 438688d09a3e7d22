package recipe

import (
	"archive/tar"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/sys/user"

	"slipway.dev/engine/internal/layer"
)

// owner is whom files are given to; -1: they keep what they have.
type owner struct{ uid, gid int }

// ownerOf looks a user and a group up in an image: names or numbers, which need no entry there; empty: -1.
func ownerOf(files layer.Files, userName, groupName string) (found owner, err error) {
	if found.uid, err = idOf(userName, "user", func(name string) (int, bool, error) {
		text, err := textOf(files, "etc/passwd")
		if err != nil {
			return 0, false, err
		}
		entries, err := user.ParsePasswdFilter(strings.NewReader(text), func(u user.User) bool { return u.Name == name })
		if err != nil || len(entries) == 0 {
			return 0, false, err
		}
		return entries[0].Uid, true, nil
	}); err != nil {
		return found, err
	}
	found.gid, err = idOf(groupName, "group", func(name string) (int, bool, error) {
		text, err := textOf(files, "etc/group")
		if err != nil {
			return 0, false, err
		}
		entries, err := user.ParseGroupFilter(strings.NewReader(text), func(g user.Group) bool { return g.Name == name })
		if err != nil || len(entries) == 0 {
			return 0, false, err
		}
		return entries[0].Gid, true, nil
	})
	return found, err
}

// mostID is the last id there is: the next one means none.
const mostID = 1<<32 - 2

var accounts = map[string]string{"user": "/etc/passwd", "group": "/etc/group"}

func idOf(name, kind string, look func(name string) (id int, found bool, err error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	if id, err := strconv.ParseUint(name, 10, 64); err == nil {
		if id > mostID {
			return 0, fmt.Errorf("%s is no %s: the last one is %d", name, kind, mostID)
		}
		return int(id), nil
	}
	id, found, err := look(name)
	if err != nil {
		return 0, fmt.Errorf("looking up the %s %q in the image: %w", kind, name, err)
	}
	if !found {
		return 0, fmt.Errorf("the %s %q is not in %s of the image: make it in an earlier stage, or name it by its number", kind, name, accounts[kind])
	}
	return id, nil
}

// or replaces what is not said.
func (o owner) or(id int) owner {
	if o.uid < 0 {
		o.uid = id
	}
	if o.gid < 0 {
		o.gid = id
	}
	return o
}

// give makes a file belong to the owner.
func (o owner) give(header *tar.Header) {
	if o.uid >= 0 {
		header.Uid = o.uid
	}
	if o.gid >= 0 {
		header.Gid = o.gid
	}
}
