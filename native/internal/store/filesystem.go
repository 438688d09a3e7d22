package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// filesystem is where a directory lies.
type filesystem struct {
	path string
	// store is the directory of the layers, where this is one above it; empty: this is it.
	store string
	// kind is the kernel's name of the file system, source what is mounted, mountPoint where.
	kind, source, mountPoint string
	// flags are those of statfs, of the mount and the file system together.
	flags         int64
	device, inode uint64
	// contained says that this process is in a container: the advice differs there.
	contained func() bool
}

// filesystemNames are those by which statfs tells file systems, for where /proc cannot be read.
var filesystemNames = map[int64]string{
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.TMPFS_MAGIC: "tmpfs",
	unix.RAMFS_MAGIC: "ramfs", unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.NFS_SUPER_MAGIC: "nfs", unix.CIFS_SUPER_MAGIC: "cifs",
	unix.SMB2_SUPER_MAGIC: "cifs", unix.SMB_SUPER_MAGIC: "cifs", unix.V9FS_MAGIC: "9p", unix.FUSE_SUPER_MAGIC: "fuse", unix.ECRYPTFS_SUPER_MAGIC: "ecryptfs",
	unix.MSDOS_SUPER_MAGIC: "vfat", unix.EXFAT_SUPER_MAGIC: "exfat", unix.SQUASHFS_MAGIC: "squashfs", unix.CEPH_SUPER_MAGIC: "ceph",
	0x2fc12fc1: "zfs", 0x61756673: "aufs", 0x53464846: "wslfs",
}

// lookAt tells where a directory lies.
func lookAt(path string) (filesystem, error) {
	var space unix.Statfs_t
	if err := unix.Statfs(path, &space); err != nil {
		return filesystem{}, fmt.Errorf("looking at %s: %w", path, err)
	}
	var status unix.Stat_t
	if err := unix.Stat(path, &status); err != nil {
		return filesystem{}, fmt.Errorf("looking at %s: %w", path, err)
	}
	seen := filesystem{path: path, flags: int64(space.Flags), device: status.Dev, inode: status.Ino, contained: contained}
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		mounts, _ := os.ReadFile("/proc/self/mountinfo")
		seen.kind, seen.source, seen.mountPoint = mountOf(string(mounts), resolved)
	}
	if seen.kind == "" || seen.kind == "rootfs" {
		seen.kind = filesystemNames[int64(space.Type)]
	}
	return seen, nil
}

// mountOf finds the mount that holds a path in the text of /proc/self/mountinfo: the innermost, and of equal ones the last.
func mountOf(mounts, path string) (kind, source, mountPoint string) {
	for line := range strings.Lines(mounts) {
		left, right, found := strings.Cut(line, " - ")
		where, what := strings.Fields(left), strings.Fields(right)
		if !found || len(where) < 5 || len(what) < 2 {
			continue
		}
		point := mountEscapes.Replace(where[4])
		if len(point) >= len(mountPoint) && within(path, point) {
			kind, source, mountPoint = what[0], mountEscapes.Replace(what[1]), point
		}
	}
	return kind, source, mountPoint
}

// mountEscapes are how mountinfo writes characters that would end a field.
var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

func within(path, directory string) bool {
	inside, err := filepath.Rel(directory, path)
	return err == nil && filepath.IsLocal(inside)
}

// String is the kind and the place of the mount: `nfs4 mounted at /home`.
func (f filesystem) String() string {
	kind := f.kind
	if kind == "" {
		kind = "an unknown file system"
	}
	if f.windows() {
		kind = "a Windows disk (" + kind + ")"
	}
	if f.mountPoint == "" {
		return kind
	}
	return kind + " mounted at " + f.mountPoint
}

// remote says that the files are on another machine, or on the host of this virtual one.
func (f filesystem) remote() bool {
	switch f.kind {
	case "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "glusterfs", "fuse.glusterfs", "fuse.sshfs", "afs", "lustre", "drvfs":
		return true
	}
	return false
}

// stacked says that it lies over other directories itself, which the kernel's overlay refuses to write on.
func (f filesystem) stacked() bool {
	return f.kind == "overlay" || f.kind == "aufs" || f.kind == "ecryptfs"
}

// inMemory says that files take RAM.
func (f filesystem) inMemory() bool { return f.kind == "tmpfs" || f.kind == "ramfs" }

// windows says that it is a disk of Windows, as WSL mounts them below /mnt.
func (f filesystem) windows() bool {
	return f.kind == "drvfs" || (f.kind == "9p" || f.kind == "virtiofs") &&
		(strings.HasPrefix(f.source, "drvfs") || len(f.source) >= 2 && f.source[1] == ':')
}

// note is a clause on what is worth to know although it works; empty: nothing.
func (f filesystem) note() string {
	if f.inMemory() {
		return fmt.Sprintf("the store is on %s: it takes memory, and ends with the machine", f)
	}
	return ""
}

// cautions are sentences on what will be slow or go wrong although the driver works.
func (f filesystem) cautions() []string {
	switch {
	case f.windows():
		return []string{fmt.Sprintf("the store %s is on %s: builds are very slow there; put it on the disk of Linux (graphroot in storage.conf)", f.path, f)}
	case f.remote():
		return []string{fmt.Sprintf("the store %s is on %s: builds are slow there, and locks and owners depend on the server; put it on a local disk (graphroot in storage.conf)", f.path, f)}
	}
	return nil
}
