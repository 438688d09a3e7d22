package recipe

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"slipway.dev/engine/internal/layer"
)

// endless gives the same text again and again.
type endless struct{ text []byte }

func (e endless) Read(to []byte) (int, error) {
	for done := 0; done < len(to); {
		done += copy(to[done:], e.text)
	}
	return len(to), nil
}

func TestZerosOfAnArchiveTakeNoSpace(t *testing.T) {
	size := int64(200 << 20)
	if os.Getenv("SLIPWAY_SOAK") != "" {
		size = 10 << 30
	}
	head := rawParts(raw{kind: '0', name: "zeros", mode: 0o644, size: size})
	zeros := func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(head), io.LimitReader(endless{make([]byte, 64<<10)}, size+1024))), nil
	}
	a := newArena(t, "overlay")
	var digests []string
	for _, sorted := range []bool{true, false} {
		made, err := a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: []Step{Extract{Open: zeros, Sorted: sorted}}}, &heard{})
		if err != nil {
			t.Fatal(err)
		}
		tree, err := a.Tree(made)
		if err != nil {
			t.Fatal(err)
		}
		_, found, err := layer.Resolve(tree, "zeros")
		if err != nil {
			t.Fatal(err)
		}
		if status := found.(*layer.Node).Stat; status.Size != size || status.Blocks > 8 {
			t.Errorf("%d bytes take %d blocks", status.Size, status.Blocks)
		}
		digests = append(digests, made.Layer)
	}
	if digests[0] != digests[1] {
		t.Errorf("one layer is %s as it is sorted, and %s as it is not", digests[0], digests[1])
	}
	a.assertIntact(t)
}

// smallDisk is a file system of its own of 64 MB.
func smallDisk(t *testing.T) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), "small")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("slipway-small", at, "tmpfs", 0, "size=64m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(at, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return at
}

// bomb is a compressed archive of files of a size that hold a text.
func bomb(t *testing.T, files int, size int64, text string) []byte {
	t.Helper()
	var made bytes.Buffer
	compress := gzip.NewWriter(&made)
	for i := range files {
		header := rawParts(raw{kind: '0', name: fmt.Sprintf("f%d", i), mode: 0o644, size: size})
		if _, err := io.Copy(compress, io.MultiReader(bytes.NewReader(header), io.LimitReader(endless{[]byte(text)}, size))); err != nil {
			t.Fatal(err)
		}
	}
	if err := compress.Close(); err != nil {
		t.Fatal(err)
	}
	return made.Bytes()
}

func TestABombThatIsLargerThanTheDiskIsRefusedWithASentence(t *testing.T) {
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		a := &arena{Workshop: workshopIn(t, smallDisk(t), driver)}
		for _, one := range []struct {
			name, fails string
			bomb        []byte
		}{
			{"one large file", `100 MB are wanted in the store`, bomb(t, 1, 100<<20, "\x00")},
			{"many files that are not large", `^the disk of the store .* is full`, bomb(t, 6, 16<<20, "text")},
		} {
			for _, step := range []Step{
				added(t, a, "bomb.tar.gz", one.bomb),
				Copy{From: ContextSource{Open: opening(rawTar(rawFile("bomb.tar.gz", string(one.bomb))))}, Patterns: []string{"bomb.tar.gz"}, To: "/", Unpack: true},
				Extract{Sorted: true, Open: func(context.Context) (io.ReadCloser, error) { return gzip.NewReader(bytes.NewReader(one.bomb)) }},
			} {
				_, err := a.Make(t.Context(), Recipe{Epoch: testEpoch, Steps: []Step{step}}, &heard{})
				assertSentence(t, err, one.fails)
				a.assertTidy(t)
			}
		}
		if _, err := a.Make(t.Context(), Recipe{Epoch: testEpoch, Steps: []Step{Extract{Open: opening(rawTar(rawFile("f", "x")))}}}, &heard{}); err != nil {
			t.Errorf("after the bombs: %v", err)
		}
	}
}

func TestSoakTwoMillionFilesAreTheMostThatALayerHolds(t *testing.T) {
	if os.Getenv("SLIPWAY_SOAK") == "" {
		t.Skip("SLIPWAY_SOAK is not set")
	}
	for _, sorted := range []bool{true, false} {
		a := newArena(t, "overlay")
		open := func(context.Context) (io.ReadCloser, error) {
			read, write := io.Pipe()
			go func() {
				for i := range 2_000_001 {
					if _, err := write.Write(rawParts(rawFile(fmt.Sprintf("%04d/%04d", i/1000, i%1000), ""))); err != nil {
						return
					}
				}
				write.Close()
			}()
			return read, nil
		}
		_, err := a.Make(t.Context(), Recipe{Epoch: testEpoch, Steps: []Step{Extract{Open: open, Sorted: sorted}}}, &heard{})
		assertSentence(t, err, "more than 2000000 files for one layer")
		a.assertIntact(t)
	}
}

// becomings are what one name can be made by an archive; the number makes the contents differ.
var becomings = map[string]func(i int) []raw{
	"file":      func(i int) []raw { return []raw{rawFile("n", fmt.Sprint(i))} },
	"link":      func(i int) []raw { return []raw{rawLink("n", fmt.Sprint("target", i))} },
	"directory": func(i int) []raw { return []raw{rawDirectory("n"), rawFile(fmt.Sprint("n/", i), "")} },
	"hard link": func(int) []raw { return []raw{rawHardLink("n", "first")} },
	"removal":   func(int) []raw { return []raw{rawFile(".wh.n", "")} },
}

// becomes says what a name is after it was several things: a directory joins one that is there, all else replaces.
func becomes(sequence []string) []string {
	var now []string
	for i, kind := range sequence {
		if kind != "directory" || len(now) == 0 || now[0] != "n/" {
			now = nil
		}
		switch kind {
		case "file":
			now = []string{fmt.Sprintf("n %q", fmt.Sprint(i))}
		case "link":
			now = []string{fmt.Sprint("n -> target", i)}
		case "hard link":
			now = []string{"n = first"}
		case "directory":
			if len(now) == 0 {
				now = []string{"n/"}
			}
			now = append(now, fmt.Sprintf(`n/%d ""`, i))
		}
	}
	return now
}

func TestTheLastOfEqualNamesWins(t *testing.T) {
	kinds := []string{"directory", "file", "hard link", "link", "removal"}
	digests := map[string]string{}
	for _, driver := range []string{"overlay", "vfs", "plain"} {
		a := newArena(t, driver)
		for _, below := range []string{"removal", "directory", "file", "link"} {
			base, err := a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: []Step{Extract{Open: opening(rawTar(append(becomings[below](0), rawFile("m", ""))...))}}}, &heard{})
			if err != nil {
				t.Fatal(err)
			}
			for _, first := range kinds {
				for _, second := range kinds {
					sequence := []string{below, first, second}
					entries := append([]raw{rawFile("first", "text")}, append(becomings[first](1), becomings[second](2)...)...)
					made, err := a.Make(t.Context(), Recipe{Base: base, Epoch: testEpoch, Steps: []Step{Extract{Open: opening(rawTar(entries...)), Sorted: true}}}, &heard{})
					if err != nil {
						t.Errorf("%s: %q: %v", driver, sequence, err)
						continue
					}
					a.assertAgrees(t, made)
					if got := a.below(t, made, "n"); !slices.Equal(got, becomes(sequence)) {
						t.Errorf("%s: %q gives %q, wanted %q", driver, sequence, got, becomes(sequence))
					}
					id := made.DiffIDs[len(made.DiffIDs)-1].String()
					if before, known := digests[fmt.Sprint(sequence)]; known && before != id {
						t.Errorf("%q gives %s with one driver, %s with another", sequence, before, id)
					}
					digests[fmt.Sprint(sequence)] = id
				}
			}
		}
		a.assertIntact(t)
	}
}

// below lists a name of an image and what is below it.
func (a *arena) below(t *testing.T, image Image, name string) []string {
	t.Helper()
	tree, err := a.Tree(image)
	if err != nil {
		t.Fatal(err)
	}
	_, file, err := layer.ResolveParent(tree, name)
	if err != nil || file == nil {
		return nil
	}
	header, err := file.Describe(name)
	if err != nil {
		t.Fatal(err)
	}
	if !file.IsDir() {
		if content := a.text(t, file); content == "text" {
			return []string{name + " = first"}
		} else {
			return []string{tell(header, content)}
		}
	}
	lines := []string{name + "/"}
	names, err := tree.Names(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range names {
		lines = append(lines, a.below(t, image, name+"/"+base)...)
	}
	return lines
}

func (a *arena) text(t *testing.T, file layer.File) string {
	t.Helper()
	if file.IsLink() {
		return ""
	}
	content, err := file.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// randomTree is a sorted archive of some directories, some of them only implied, and files.
func randomTree(random *rand.Rand, prefix string, depth int) []raw {
	var entries []raw
	for _, name := range []string{"a", "a.b", "b", "d"} {
		switch at := prefix + name; {
		case random.IntN(3) == 0:
		case depth > 0 && random.IntN(2) == 0:
			inner := randomTree(random, at+"/", depth-1)
			if random.IntN(2) == 0 {
				inner = append([]raw{{kind: '5', name: at + "/", mode: 0o700 + random.Int64N(64)}}, inner...)
			}
			entries = append(entries, inner...)
		case random.IntN(4) == 0:
			entries = append(entries, rawLink(at, strings.Repeat("../", random.IntN(3))+"a"))
		default:
			entries = append(entries, rawFile(at, fmt.Sprint(random.IntN(9))))
		}
	}
	return entries
}

func TestWhatIsPassedOnIsTheLayerThatPlanningWouldGive(t *testing.T) {
	a := newArena(t, "overlay")
	passed := 0
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 1))
		text := rawTar(randomTree(random, "", 2)...)
		nothing := Remove{Paths: []string{"/not-there"}}
		copying := Copy{From: ContextSource{Open: opening(text)}, Patterns: []string{"."}, To: []string{"/", "/new/", "/d", "/to-d/x"}[random.IntN(4)],
			Chown: []string{"", "7:8"}[random.IntN(2)], Chmod: []string{"", "0640"}[random.IntN(2)]}
		for name, steps := range map[string][2][]Step{
			"extracted": {{Extract{Open: opening(text), Sorted: true, To: "d/x"}}, {nothing, Extract{Open: opening(text), To: "d/x"}}},
			"copied":    {{copying}, {nothing, copying}},
		} {
			var made [2]Image
			var errs [2]error
			for i := range made {
				made[i], errs[i] = a.Make(t.Context(), Recipe{Base: a.base, Epoch: testEpoch, Steps: steps[i]}, &heard{})
			}
			if made[0].Layer != made[1].Layer || fmt.Sprint(errs[0]) != fmt.Sprint(errs[1]) {
				t.Errorf("seed %d %s to %s, %q %q: passed on it is %v, planned %v", seed, name, copying.To, copying.Chown, copying.Chmod, errs[0], errs[1])
				if errors.Join(errs[0], errs[1]) == nil {
					t.Errorf("passed on %q, planned %q", a.told(t, made[0]), a.told(t, made[1]))
				}
				return
			}
			if errs[0] == nil && made[0].Layer != a.base.Layer {
				passed++
			}
		}
	}
	if passed < 150 {
		t.Errorf("only %d layers were made", passed)
	}
	a.assertIntact(t)
}
