package recipe

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/moby/sys/user"

	"slipway.dev/engine/internal/layer"
)

// dressing is what a Copy gives the files it takes.
type dressing struct {
	to string
	// owned says that an owner was asked for.
	owned    bool
	uid, gid int
	// mode is nil where modes stay.
	mode *modeChange
}

func newDressing(files layer.Files, step Copy) (*dressing, error) {
	made := &dressing{to: step.To, owned: step.Chown != ""}
	if made.owned {
		who, err := whoIs(files, step.Chown)
		if err != nil {
			return nil, err
		}
		made.uid, made.gid = who.Uid, who.Gid
	}
	if step.Chmod != "" {
		mode, err := parseMode(step.Chmod)
		if err != nil {
			return nil, err
		}
		made.mode = mode
	}
	return made, nil
}

func (d *dressing) own(header *tar.Header) { header.Uid, header.Gid = d.uid, d.gid }

func (d *dressing) chmod(header *tar.Header) {
	if d.mode != nil && header.Typeflag != tar.TypeSymlink {
		header.Mode = d.mode.apply(header.Mode, header.Typeflag == tar.TypeDir)
	}
}

// whoIs looks `user[:group]` up in an image. A number needs no entry there; a user without a group gets the one of its
// entry, else the group of the same number.
func whoIs(files layer.Files, text string) (*user.ExecUser, error) {
	passwd, err := textOf(files, "etc/passwd")
	if err != nil {
		return nil, err
	}
	group, err := textOf(files, "etc/group")
	if err != nil {
		return nil, err
	}
	defaults := &user.ExecUser{Home: "/"}
	name, _, hasGroup := strings.Cut(text, ":")
	if number, err := strconv.Atoi(name); err == nil && !hasGroup {
		defaults.Gid = groupOfNumber(passwd, number)
	}
	found, err := user.GetExecUser(text, defaults, strings.NewReader(passwd), strings.NewReader(group))
	if err != nil {
		return nil, fmt.Errorf("%q is not in /etc/passwd and /etc/group of the image: %w", text, err)
	}
	return found, nil
}

// groupOfNumber is a user's group where it has an entry, else its own number.
func groupOfNumber(passwd string, uid int) int {
	entries, err := user.ParsePasswdFilter(strings.NewReader(passwd), func(u user.User) bool { return u.Uid == uid })
	if err != nil || len(entries) == 0 {
		return uid
	}
	return entries[0].Gid
}

// largestAccounts bounds /etc/passwd and /etc/group.
const largestAccounts = 16 << 20

// textOf reads a small file of an image; one that is not there is empty.
func textOf(files layer.Files, name string) (string, error) {
	_, file, err := layer.Resolve(files, name)
	if err != nil || file == nil || file.IsDir() {
		return "", err
	}
	content, err := file.Open()
	if err != nil {
		return "", err
	}
	defer content.Close()
	text, err := io.ReadAll(io.LimitReader(content, largestAccounts))
	return string(text), err
}

// renaming gives entries of a sorted stream of the context their names in the image.
type renaming struct {
	*dressing
	// source is the one pattern; at is its place in the image.
	source, at string
	// into says that a file goes into the directory.
	into bool
	// contents says that what the source holds is copied, not the source itself.
	contents bool
}

// flows says whether a Copy can be passed on while it is read: one source that is written out.
func flows(step Copy) bool {
	return len(step.Patterns) == 1 && len(step.Exclude) == 0 && !step.Parents && !strings.ContainsAny(step.Patterns[0], `*?[\`) && !step.Unpack
}

func newRenaming(below layer.Files, step Copy) (*renaming, error) {
	dressing, err := newDressing(below, step)
	if err != nil {
		return nil, err
	}
	canonical, found, err := layer.Resolve(below, step.To)
	if err != nil {
		return nil, err
	}
	made := &renaming{dressing: dressing, source: strings.Trim(path.Clean("/"+step.Patterns[0]), "/"), at: canonical,
		into: strings.HasSuffix(step.To, "/") || (found != nil && found.IsDir())}
	if found != nil && !found.IsDir() {
		return nil, layer.ErrUnsorted
	}
	return made, nil
}

// errAbove says that an entry is only a directory on the way to what is copied.
var errAbove = errors.New("a directory above the source")

// way dresses a directory that has to be made: one of the source, or one above the place of the copy.
func (r *renaming) way(header *tar.Header) {
	r.own(header)
	if r.contents && (r.at == "." || header.Name == r.at || strings.HasPrefix(header.Name, r.at+"/")) {
		r.chmod(header)
	}
}

func (r *renaming) change(header *tar.Header) error {
	switch rest, below := strings.CutPrefix(header.Name, r.source+"/"); {
	case r.source == "":
		r.contents = true
		header.Name = path.Join(r.at, header.Name)
	case below:
		r.contents = true
		header.Name = path.Join(r.at, rest)
	case header.Typeflag == tar.TypeDir && strings.HasPrefix(r.source, header.Name+"/"):
		return errAbove
	case header.Name != r.source:
		return fmt.Errorf("the context sent %s, which %s does not name", header.Name, r.source)
	case header.Typeflag == tar.TypeDir:
		return layer.ErrUnsorted
	case r.into:
		header.Name = path.Join(r.at, path.Base(r.source))
	default:
		header.Name = r.at
	}
	r.own(header)
	r.chmod(header)
	return nil
}
