package layer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// kernelResolve is what the kernel says of a name inside a directory that it takes for the root.
func kernelResolve(t testing.TB, root, name string, last bool) (string, error) {
	t.Helper()
	directory, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(directory)
	flags := uint64(unix.O_PATH | unix.O_CLOEXEC)
	if !last {
		flags |= unix.O_NOFOLLOW
	}
	how := unix.OpenHow{Flags: flags, Resolve: unix.RESOLVE_IN_ROOT}
	found, err := unix.Openat2(directory, name, &how)
	// The kernel gives up where anything in the system is renamed or mounted meanwhile.
	for errors.Is(err, unix.EAGAIN) {
		found, err = unix.Openat2(directory, name, &how)
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(found)
	at, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", found))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Rel(root, at)
}

// assertResolves holds a lookup against the kernel's.
func assertResolves(t testing.TB, root, name string, last bool) {
	t.Helper()
	tree, err := NewTree(root)
	if err != nil {
		t.Fatal(err)
	}
	canonical, file, err := resolve(tree, name, last)
	want, refused := kernelResolve(t, root, name, last)
	switch {
	case errors.Is(refused, unix.ENOENT):
		// What is not there gets a name too; behind it two dots lead back, where the kernel gives up.
		if err == nil && file != nil && !leadsBack(t, root) {
			t.Errorf("%q is %q, and the kernel finds nothing", name, canonical)
		}
	case errors.Is(refused, unix.ELOOP):
		if err == nil || !strings.Contains(err.Error(), "too many levels") {
			t.Errorf("%q is %q (%v), and for the kernel a loop", name, canonical, err)
		}
	case errors.Is(refused, unix.ENOTDIR):
		if !errors.Is(err, ErrNotDirectory) {
			t.Errorf("%q is %q (%v), and for the kernel not a directory", name, canonical, err)
		}
	case refused != nil:
		t.Errorf("the kernel says of %q: %v", name, refused)
	case err != nil || file == nil || canonical != want:
		t.Errorf("%q is %q (%v), for the kernel %q", name, canonical, err, want)
	}
	if slices.Contains(strings.Split(canonical, "/"), "..") || strings.HasPrefix(canonical, "/") {
		t.Errorf("%q is %q, which is not canonical", name, canonical)
	}
}

// leadsBack says whether any link of a directory holds two dots.
func leadsBack(t testing.TB, root string) (is bool) {
	t.Helper()
	err := filepath.WalkDir(root, func(at string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type() == os.ModeSymlink {
			target, err := os.Readlink(at)
			is = is || strings.Contains(target, "..")
			return err
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return is
}

// planted makes files, directories and links of the letters of a text, four bytes each.
func planted(t testing.TB, root string, text []byte) {
	t.Helper()
	name := func(b byte) string { return string("abc"[b%3]) }
	path := func(b byte) string {
		parts := []string{name(b), name(b >> 2), name(b >> 4)}
		return strings.Join(parts[:b%4%3+1], "/")
	}
	for ; len(text) >= 4; text = text[4:] {
		at := filepath.Join(root, path(text[1]))
		// What is in the way stays, and what is not there has no files below it.
		switch text[0] % 8 {
		case 0, 1:
			_ = os.Mkdir(at, 0o755)
		case 2:
			_ = os.WriteFile(filepath.Join(root, name(text[1])), nil, 0o644)
		default:
			_ = os.Symlink([]string{"", "/", "../", "../../../", "./", "/../"}[text[3]%6]+path(text[2]), at)
		}
	}
}

func TestLookupsAreThoseOfTheKernel(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 150 {
		root := t.TempDir()
		text := make([]byte, 4*(1+random.IntN(10)))
		for i := range text {
			text[i] = byte(random.UintN(256))
		}
		planted(t, root, text)
		for range 20 {
			assertResolves(t, root, randomName(random, 4), random.IntN(2) == 0)
		}
	}
}

func TestFortyLinksAreFollowedAndNoMore(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{"0": "text"}
	for i := range 41 {
		files[fmt.Sprint(i+1)] = fmt.Sprint("-> ", i)
	}
	put(t, root, files)
	for _, name := range []string{"39", "40", "41"} {
		assertResolves(t, root, name, true)
	}
}

func FuzzResolve(f *testing.F) {
	f.Add([]byte("0a0a0bb03ab1"), []byte{0, 1, 2})
	f.Add([]byte{0, 0, 0, 0, 3, 1, 0, 1, 3, 5, 9, 3, 2, 2, 0, 0}, []byte{1, 5, 9})
	f.Fuzz(func(t *testing.T, text, names []byte) {
		if len(text) > 200 || len(names) > 20 {
			return
		}
		root := t.TempDir()
		planted(t, root, text)
		for i, b := range names {
			name := string("abc"[b%3])
			if b&8 != 0 {
				name += "/" + string("abc"[b>>4%3]) + "/" + string("abc"[b>>6%3])
			}
			assertResolves(t, root, name, i%2 == 0)
		}
	})
}

func TestPlacesAreInAStrictOrderInWhichASlashIsLowest(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 2))
	letters := []byte("/a.\x00\x01-\xffé")
	name := func() string {
		text := make([]byte, random.IntN(5))
		for i := range text {
			text[i] = letters[random.IntN(len(letters))]
		}
		return string(text)
	}
	// Bytes with the slash below all others.
	lowest := func(name string) string {
		var made strings.Builder
		for _, b := range []byte(name) {
			if b == '/' {
				made.WriteString("\x00\x00")
			} else {
				made.WriteString("\x01" + string([]byte{b}))
			}
		}
		return made.String()
	}
	for range 20_000 {
		a, b, c := name(), name(), name()
		if got, want := sign(ByPlace(a, b)), strings.Compare(lowest(a), lowest(b)); got != want {
			t.Fatalf("%q and %q: %d, wanted %d", a, b, got, want)
		}
		if sign(ByPlace(a, b)) != -sign(ByPlace(b, a)) {
			t.Fatalf("%q and %q are each before the other", a, b)
		}
		if ByPlace(a, b) < 0 && ByPlace(b, c) < 0 && ByPlace(a, c) >= 0 {
			t.Fatalf("%q, %q, %q: not in one order", a, b, c)
		}
	}
}

func sign(n int) int { return min(1, max(-1, n)) }
