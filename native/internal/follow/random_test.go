package follow

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/ledger"
)

// operationsEach is how many operations one sequence has.
const operationsEach = 1500

func TestRandomOperationsLeaveWhatRealRootLeaves(t *testing.T) {
	for seed := range 6 {
		parent := []string{"/var/tmp", "/dev/shm"}[seed%2]
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			g := newGround(t, parent)
			played := g.sh(asRole("random") + " /work " + strconv.Itoa(seed))
			truth := really(t, g, seed)
			if played != truth {
				t.Fatal(firstDifference(played, truth))
			}
			if noted := g.noted(); !strings.HasSuffix(truth, noted) {
				t.Errorf("the ledger says\n%s\nexpected the end of\n%s", noted, truth)
			}
		})
	}
}

// really does the same as root of the host.
func really(t *testing.T, g *ground, seed int) string {
	t.Helper()
	scratch := filepath.Join(filepath.Dir(g.Root), "real")
	g.check(os.Mkdir(scratch, 0o755))
	g.check(os.Chmod(scratch, 0o755))
	started := exec.Command(filepath.Join(g.Root, "program"), scratch, strconv.Itoa(seed))
	started.Env = []string{roleVariable + "=random", roleVariable + "_ORDERS={}"}
	output, err := started.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return strings.TrimSpace(string(output))
}

func firstDifference(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(left), len(right)) {
		if left[i] != right[i] {
			return fmt.Sprintf("line %d\nplayed: %s\nreal:   %s\nbefore:\n%s", i, left[i], right[i], strings.Join(left[max(0, i-3):i], "\n"))
		}
	}
	return fmt.Sprintf("%d and %d lines", len(left), len(right))
}

// noted lists the tree as disk and ledger have it.
func (g *ground) noted() string {
	owners := g.owners()
	return list(filepath.Join(g.Root, "work"), func(path string, status *unix.Stat_t) {
		key, err := ledger.KeyOf(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
		g.check(err)
		owner := owners[key]
		status.Uid, status.Gid = owner.UID, owner.GID
		if owner.Mode != 0 {
			status.Mode, status.Rdev = owner.Mode, owner.Rdev
		}
	})
}

// list tells about every file of a tree.
func list(root string, adjust func(string, *unix.Stat_t)) string {
	var text bytes.Buffer
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var status unix.Stat_t
		if err := unix.Lstat(path, &status); err != nil {
			return err
		}
		adjust(path, &status)
		name, _ := filepath.Rel(root, path)
		fmt.Fprintf(&text, "%s %o %d:%d %d %d\n", name, status.Mode, status.Uid, status.Gid, status.Rdev, uint32(status.Nlink))
		return nil
	})
	must(err)
	return strings.TrimSpace(text.String())
}

// randomOperations does operations on files and tells how each ends, then what there is.
func randomOperations() {
	must(os.Chdir(os.Args[1]))
	seed, err := strconv.Atoi(os.Args[2])
	must(err)
	unix.Umask(0o022)
	r := &randomRun{rand.New(rand.NewPCG(uint64(seed), 6))}
	must(unix.Chmod(".", 0o777))
	for i := range operationsEach {
		what, err := r.operation()
		fmt.Println(i, what, err)
		if i%100 == 99 {
			fmt.Println(list(".", func(string, *unix.Stat_t) {}))
		}
	}
	os.Exit(0)
}

type randomRun struct{ *rand.Rand }

// id is mostly one that others use too, sometimes none.
func (r *randomRun) id() int { return []int{0, 0, 33, 42, 77, 1234, -1, 4294967294}[r.IntN(8)] }

// path is one of a few, so that operations meet.
func (r *randomRun) path() string {
	path := []string{"a", "b", "c", "./d", "e/"}[r.IntN(5)]
	for range r.IntN(3) {
		path = []string{"d", "e", "d/../e", "a"}[r.IntN(4)] + "/" + path
	}
	return strings.TrimSuffix(path, "/")
}

// operation does one thing, as root or as a user who may write everywhere.
func (r *randomRun) operation() (string, error) {
	if user := r.IntN(4); user == 0 {
		must(unix.Setresgid(-1, 1234, -1))
		must(unix.Setresuid(-1, 33, -1))
		defer func() { must(unix.Setresuid(-1, 0, -1)); must(unix.Setresgid(-1, 0, -1)) }()
		return r.usersOperation()
	}
	path, mode := r.path(), uint32(r.IntN(4)<<10|0o755)
	switch r.IntN(5) {
	case 0:
		uid, gid := r.id(), r.id()
		return fmt.Sprint("chown ", path, uid, gid), unix.Chown(path, uid, gid)
	case 1:
		uid, gid := r.id(), r.id()
		return fmt.Sprint("lchown ", path, uid, gid), unix.Lchown(path, uid, gid)
	case 2:
		mode |= 0o777
		return fmt.Sprintf("chmod %s %o", path, mode), unix.Chmod(path, mode)
	case 3:
		other := r.path()
		return fmt.Sprint("link ", path, " ", other), unix.Link(path, other)
	default:
		return r.making(path)
	}
}

func (r *randomRun) usersOperation() (string, error) {
	path := r.path()
	switch r.IntN(4) {
	case 0:
		uid, gid := r.id(), r.id()
		return fmt.Sprint("user's chown ", path, uid, gid), unix.Chown(path, uid, gid)
	case 1:
		return fmt.Sprint("user's chmod ", path), unix.Chmod(path, 0o777)
	default:
		what, err := r.making(path)
		return "user's " + what, err
	}
}

// making makes or takes away.
func (r *randomRun) making(path string) (string, error) {
	switch r.IntN(7) {
	case 0:
		fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY, 0o666)
		if err != nil {
			return "create " + path, err
		}
		defer unix.Close(fd)
		var status unix.Stat_t
		must(unix.Fstat(fd, &status))
		return fmt.Sprintf("create %s %o %d:%d", path, status.Mode, status.Uid, status.Gid), nil
	case 1, 2:
		err := unix.Mkdir(path, 0o777)
		if err == nil { // so that the user may write everywhere
			var status unix.Stat_t
			must(unix.Lstat(path, &status))
			err = unix.Chmod(path, status.Mode&unix.S_ISGID|0o777)
		}
		return "mkdir " + path, err
	case 3:
		return "symlink " + path, unix.Symlink([]string{"a", "d", "../b", "none"}[r.IntN(4)], path)
	case 4:
		return "mknod " + path, unix.Mknod(path, []uint32{unix.S_IFCHR, unix.S_IFIFO, unix.S_IFBLK}[r.IntN(3)]|0o666, 259)
	case 5:
		other := r.path()
		return fmt.Sprint("rename ", path, " ", other), unix.Rename(path, other)
	default:
		return "unlink " + path, unix.Unlink(path)
	}
}
