package store

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// settings make what scenes are named for: a disk below the base, and devices and programs around it.
var settings = map[string]func(scene) error{
	"ext4": func(s scene) error { return s.ext4() },
	"read-only": func(s scene) error {
		return errors.Join(s.ext4(), unix.Mount("", s.disk(), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""))
	},
	"tmpfs":     func(s scene) error { return s.tmpfs(0, "size=64m") },
	"noexec":    func(s scene) error { return s.tmpfs(unix.MS_NOEXEC, "size=64m") },
	"nosuid":    func(s scene) error { return s.tmpfs(unix.MS_NOSUID|unix.MS_NODEV, "size=64m") },
	"full":      full,
	"few files": func(s scene) error { return s.tmpfs(0, "size=64m,nr_inodes=4") },
	"ramfs":     func(s scene) error { return errors.Join(unix.Mount("ramfs", s.disk(), "ramfs", 0, ""), s.own()) },
	"overlay":   overlaid,
	"no fuse device": func(s scene) error {
		// A device that nothing answers: whatever is opened there is not there.
		return errors.Join(s.ext4(), s.withoutFuse())
	},
	"fuse for root alone": func(s scene) error { return errors.Join(s.ext4(), os.Chmod(s.Base+"/fuse", 0o600)) },
	"neither":             func(s scene) error { return errors.Join(overlaid(s), os.Setenv("PATH", "/nonexistent")) },
	"root of a container": func(s scene) error { return errors.Join(overlaid(s), os.Setenv("WERF_CONTAINERIZED", "yes")) },
	"no home": func(s scene) error {
		return errors.Join(s.tmpfs(0, ""), os.Setenv("HOME", ""), os.Setenv("XDG_RUNTIME_DIR", ""))
	},
	"read-only home": func(s scene) error {
		return errors.Join(s.tmpfs(0, ""), unix.Mount("", s.disk(), "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""), os.Setenv("HOME", s.disk()), os.Setenv("XDG_RUNTIME_DIR", s.disk()+"/absent"))
	},
	"no runtime directory": func(s scene) error {
		return errors.Join(s.tmpfs(0, ""), os.Setenv("HOME", s.disk()), os.Setenv("XDG_RUNTIME_DIR", "/sys"))
	},
	"no fuse program": func(s scene) error { return errors.Join(s.ext4(), os.Setenv("PATH", "/nonexistent")) },
	"not ours": func(s scene) error {
		return errors.Join(os.Chown(s.disk(), 0, 0), os.Chmod(s.disk(), 0o755))
	},
	"made by vfs": func(s scene) error { return errors.Join(s.ext4(), s.write(s.root()+"/vfs-layers/layers.json", "[]")) },
	"made by fuse": func(s scene) error {
		return errors.Join(s.ext4(), s.write(s.root()+"/overlay-layers/layers.json", "[]"), s.write(s.root()+"/"+fuseMark, "true"))
	},
	"remembered failure": func(s scene) error {
		return errors.Join(s.ext4(), s.write(s.Base+"/run/overlay/overlay-false", "it failed once"), s.write(s.root()+"/"+fuseMark, "true"))
	},
}

// write makes a file, and gives it and its directories to whom the scene belongs.
func (s scene) write(path, text string) error {
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil || !s.User {
		return err
	}
	for ; path != s.disk() && path != s.Base; path = filepath.Dir(path) {
		if err := os.Chown(path, testUID, testUID); err != nil {
			return err
		}
	}
	return nil
}

func (s scene) disk() string { return s.Base + "/disk" }

func (s scene) own() error {
	if !s.User {
		return nil
	}
	// The device of FUSE is the user's where distributions install it.
	fuse := s.Base + "/fuse"
	return errors.Join(os.Chown(s.disk(), testUID, testUID), unix.Mknod(fuse, unix.S_IFCHR|0o666, int(unix.Mkdev(10, 229))),
		os.Chmod(fuse, 0o666), unix.Mount(fuse, "/dev/fuse", "", unix.MS_BIND, ""))
}

func (s scene) tmpfs(flags uintptr, data string) error {
	return errors.Join(unix.Mount("tmpfs", s.disk(), "tmpfs", flags, data), s.own())
}

// ext4 mounts a new file system in a file. The loop device goes with the mount, that goes with the namespace.
func (s scene) ext4() error {
	image := s.Base + "/image"
	if err := errors.Join(os.WriteFile(image, nil, 0o600), os.Truncate(image, 32<<20)); err != nil {
		return err
	}
	if err := run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", image); err != nil {
		return err
	}
	return errors.Join(run("mount", "-o", "loop", image, s.disk()), s.own())
}

func full(s scene) error {
	if err := s.tmpfs(0, "size=1m"); err != nil {
		return err
	}
	err := os.WriteFile(s.disk()+"/filler", make([]byte, 2<<20), 0o600)
	if !errors.Is(err, unix.ENOSPC) {
		return errors.New("the disk is not full: " + strconv.Quote(err.Error()))
	}
	return nil
}

// overlaid makes the root file system of a container: an overlay over a disk.
func overlaid(s scene) error {
	below := s.Base + "/below"
	if err := errors.Join(os.Mkdir(below, 0o755), unix.Mount("tmpfs", below, "tmpfs", 0, "size=64m")); err != nil {
		return err
	}
	for _, name := range []string{"/lower", "/upper", "/work"} {
		if err := os.Mkdir(below+name, 0o755); err != nil {
			return err
		}
	}
	data := "lowerdir=" + below + "/lower,upperdir=" + below + "/upper,workdir=" + below + "/work"
	return errors.Join(unix.Mount("overlay", s.disk(), "overlay", 0, data), s.own())
}

// withoutFuse hides the device behind a directory that has none.
func (s scene) withoutFuse() error {
	devices := s.Base + "/devices"
	if err := errors.Join(os.Mkdir(devices, 0o755), os.WriteFile(devices+"/null", nil, 0o666)); err != nil {
		return err
	}
	return errors.Join(unix.Mount("/dev/null", devices+"/null", "", unix.MS_BIND, ""), unix.Mount(devices, "/dev", "", unix.MS_BIND|unix.MS_REC, ""))
}
