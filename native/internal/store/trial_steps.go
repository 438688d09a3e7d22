package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.podman.io/storage/pkg/archive"
	"golang.org/x/sys/unix"
)

// attribute is one that a program in an image may set.
const attribute = "user.slipway"

// steps are what builds do through a mount, each with its name for people.
var steps = []struct {
	name string
	try  func(stack, soundness) error
}{
	{"whiteout of a layer", hidesRemoved},
	{"opaque directory of a layer", hidesBelowOpaque},
	{"removing a file", removesFile},
	{"replacing a directory", replacesDirectory},
	{"renaming", renames},
	{"hard link", links},
	{"extended attribute", keepsAttributes},
	{"changing the owner", changesOwner},
	{"running a program", runsProgram},
}

// fill makes the files of the layers.
func (s stack) fill(found soundness) error {
	for _, directory := range []string{s.upper, s.work, s.merged, s.bottom + "/opaque", s.bottom + "/replaced", s.top + "/opaque"} {
		if err := makeTrial(directory); err != nil {
			return err
		}
	}
	for _, file := range []string{"/hidden", "/removed", "/renamed", "/linked", "/attributed", "/opaque/old", "/replaced/old", "/program"} {
		if err := os.WriteFile(s.bottom+file, []byte("slipway\n"), 0o755); err != nil {
			return err
		}
	}
	if found.attributes == nil {
		if err := unix.Setxattr(s.bottom+"/attributed", attribute, []byte("below"), 0); err != nil {
			return fmt.Errorf("setting an extended attribute: %w", err)
		}
	}
	return nil
}

// whiteOut marks what is removed as the storage library unpacks it for the driver.
func (s stack) whiteOut(driver Driver) error {
	if driver == FuseOverlayfs {
		return s.whiteoutFiles()
	}
	return s.whiteoutDevices()
}

// whiteoutFiles marks what is removed by names.
func (s stack) whiteoutFiles() error {
	return errors.Join(os.WriteFile(s.top+"/"+archive.WhiteoutPrefix+"hidden", nil, 0o600),
		os.WriteFile(s.top+"/opaque/"+archive.WhiteoutOpaqueDir, nil, 0o600))
}

// whiteoutDevices marks it as the kernel does.
func (s stack) whiteoutDevices() error {
	if err := unix.Mknod(s.top+"/hidden", unix.S_IFCHR, 0); err != nil {
		return fmt.Errorf("making a whiteout (device 0:0): %w", err)
	}
	if err := unix.Setxattr(s.top+"/opaque", archive.GetOverlayXattrName("opaque"), []byte("y"), 0); err != nil {
		return fmt.Errorf("marking an opaque directory (attribute %s): %w", archive.GetOverlayXattrName("opaque"), err)
	}
	return nil
}

func hidesRemoved(s stack, _ soundness) error { return absent(s.merged + "/hidden") }

func hidesBelowOpaque(s stack, _ soundness) error { return absent(s.merged + "/opaque/old") }

// removesFile removes a file of a layer, and looks for the mark of it that becomes part of the next layer.
func removesFile(s stack, _ soundness) error {
	if err := os.Remove(s.merged + "/removed"); err != nil {
		return err
	}
	if err := absent(s.merged + "/removed"); err != nil {
		return err
	}
	return marked(s.upper, "removed")
}

// marked says whether the upper directory has a whiteout: a device 0:0, or a file that only fuse-overlayfs makes.
func marked(upper, name string) error {
	var status unix.Stat_t
	if unix.Lstat(filepath.Join(upper, name), &status) == nil && status.Mode&unix.S_IFMT == unix.S_IFCHR && status.Rdev == 0 {
		return nil
	}
	if _, err := os.Lstat(filepath.Join(upper, archive.WhiteoutPrefix+name)); err == nil {
		return nil
	}
	return errors.New("no whiteout was made")
}

func replacesDirectory(s stack, _ soundness) error {
	if err := os.RemoveAll(s.merged + "/replaced"); err != nil {
		return err
	}
	if err := os.Mkdir(s.merged+"/replaced", 0o755); err != nil {
		return err
	}
	return absent(s.merged + "/replaced/old")
}

// renames moves a file of a layer and a new directory; for a directory of a layer a refusal (EXDEV) is usual.
func renames(s stack, _ soundness) error {
	if err := os.Mkdir(s.merged+"/new", 0o755); err != nil {
		return err
	}
	if err := os.Rename(s.merged+"/renamed", s.merged+"/new/renamed"); err != nil {
		return err
	}
	if err := os.Rename(s.merged+"/new", s.merged+"/newer"); err != nil {
		return err
	}
	if _, err := os.Stat(s.merged + "/newer/renamed"); err != nil {
		return err
	}
	return absent(s.merged + "/renamed")
}

// links makes a second name of a file that is still in a layer.
func links(s stack, _ soundness) error { return linksIn(s.merged+"/linked", s.merged+"/linked.too") }

// keepsAttributes reads an attribute of a layer, and again after the file was copied up by a write.
func keepsAttributes(s stack, found soundness) error {
	if found.attributes != nil {
		return nil
	}
	path := s.merged + "/attributed"
	if err := attributeIs(path, "below"); err != nil {
		return err
	}
	if err := appendTo(path); err != nil {
		return err
	}
	if err := attributeIs(path, "below"); err != nil {
		return fmt.Errorf("after a write: %w", err)
	}
	if err := unix.Setxattr(path, attribute, []byte("above"), 0); err != nil {
		return err
	}
	return attributeIs(path, "above")
}

func changesOwner(s stack, found soundness) error {
	if !found.severalIDs {
		return nil
	}
	return ownedByOther(s.merged + "/linked")
}

// dropsGroups gives a directory that hands its group on to another user.
func dropsGroups(directory string) (bool, error) {
	if err := errors.Join(unix.Mkdir(directory, 0o755), unix.Chmod(directory, 0o2775), unix.Chown(directory, 1, 1)); err != nil {
		return false, err
	}
	var status unix.Stat_t
	err := unix.Stat(directory, &status)
	return status.Mode&unix.S_ISGID == 0, err
}

func runsProgram(s stack, _ soundness) error { return executable(s.merged + "/program") }

func absent(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.New("what was removed is still seen")
}

func appendTo(path string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString("more\n")
	return errors.Join(err, file.Close())
}

func attributeIs(path, want string) error {
	buffer := make([]byte, 64)
	size, err := unix.Getxattr(path, attribute, buffer)
	if err != nil {
		return err
	}
	if string(buffer[:size]) != want {
		return fmt.Errorf("%q was read, not %q", buffer[:size], want)
	}
	return nil
}
