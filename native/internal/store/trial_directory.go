package store

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// soundness is what a directory can do without any mount.
type soundness struct {
	// broken says why no layer can be kept there.
	broken error
	// owners says why files cannot be given to other users. It is not tried where this process has one id.
	owners     error
	severalIDs bool
	// attributes says why files cannot have attributes of programs, execution why programs do not run from there.
	attributes, execution error
}

// tryDirectory does what every driver does with files: making, renaming, linking, giving away.
func tryDirectory(directory string, severalIDs bool) soundness {
	found := soundness{severalIDs: severalIDs}
	if found.broken = keepsFiles(directory); found.broken != nil {
		return found
	}
	program := directory + "/program"
	found.attributes = unix.Setxattr(program, attribute, []byte("plain"), 0)
	if found.attributes == nil {
		found.attributes = attributeIs(program, "plain")
	}
	found.execution = executable(program)
	if severalIDs {
		found.owners = ownedByOther(program)
	}
	return found
}

func keepsFiles(directory string) error {
	if err := os.WriteFile(directory+"/program", []byte("slipway\n"), 0o755); err != nil {
		return err
	}
	if err := linksIn(directory+"/program", directory+"/program.too"); err != nil {
		return fmt.Errorf("hard link: %w", err)
	}
	if err := os.Symlink("program", directory+"/symbolic"); err != nil {
		return err
	}
	if err := os.Mkdir(directory+"/made", 0o755); err != nil {
		return err
	}
	if err := os.Rename(directory+"/made", directory+"/moved"); err != nil {
		return err
	}
	if _, err := os.Lstat(directory + "/MOVED"); err == nil {
		return errIgnoresCase
	}
	return keepsMode(directory + "/moved")
}

// errIgnoresCase says that two files of an image could be one on the disk.
var errIgnoresCase = errors.New("names that differ in upper and lower case only are the same file there, so images would lose files")

// keepsMode tries a mode that disks of Windows and some servers have not.
func keepsMode(path string) error {
	if err := os.Chmod(path, 0o711); err != nil {
		return err
	}
	var status unix.Stat_t
	if err := unix.Stat(path, &status); err != nil {
		return err
	}
	if status.Mode&0o777 != 0o711 {
		return fmt.Errorf("modes of files are not kept: %04o was set, %04o was read", 0o711, status.Mode&0o777)
	}
	return nil
}

// linksIn gives a file a second name and writes by it.
func linksIn(from, to string) error {
	if err := os.Link(from, to); err != nil {
		return err
	}
	if err := appendTo(to); err != nil {
		return err
	}
	var first, second unix.Stat_t
	if err := errors.Join(unix.Stat(from, &first), unix.Stat(to, &second)); err != nil {
		return err
	}
	// In a user namespace the kernel's overlay shows two inode numbers of what is one file.
	if first.Nlink != 2 || first.Size != second.Size {
		return errors.New("two names of one file show two files")
	}
	return nil
}

// ownedByOther gives the file to another user and looks whether it is so.
func ownedByOther(path string) error {
	if err := os.Chown(path, 1, 1); err != nil {
		return err
	}
	var status unix.Stat_t
	if err := unix.Stat(path, &status); err != nil {
		return err
	}
	if status.Uid != 1 || status.Gid != 1 {
		return fmt.Errorf("uid 1 was set, uid %d was read", status.Uid)
	}
	return nil
}

// executable starts a file that is no program: where the kernel would run programs it says just that.
func executable(path string) error {
	process, err := os.StartProcess(path, []string{path}, &os.ProcAttr{})
	if err == nil {
		_, err = process.Wait()
		return err
	}
	// Another thread that forks right now has the file open for writing, which is no fault of the mount.
	if errors.Is(err, unix.ENOEXEC) || errors.Is(err, unix.ETXTBSY) {
		return nil
	}
	return err
}
