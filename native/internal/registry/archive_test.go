package registry

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	digest "github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"slipway.dev/engine/internal/protocol"
)

// noise is text that does not get smaller.
func noise(seed uint64, size int) string {
	source, text := rand.New(rand.NewPCG(seed, 1)), make([]byte, size)
	for i := range text {
		text[i] = byte(source.Uint32())
	}
	return string(text)
}

func (h *harbour) fill(path string, images ...ArchiveSource) Filled {
	h.t.Helper()
	got, err := Fill(h.t.Context(), h.settings(), path, images, &heard{})
	must(h.t, err)
	return got
}

// threeImages pushes images that share layers, and says where.
func threeImages(h *harbour, at string) []ArchiveSource {
	base := noise(1, 600<<10)
	for i, own := range []string{"own", noise(2, 900<<10), noise(3, 400<<10)} {
		h.push(h.image(v1.MediaTypeImageManifest, base, own), fmt.Sprintf("%s/app:%d", at, i+1))
	}
	return []ArchiveSource{
		{Name: "1", Reference: at + "/app:1"}, {Name: "2", Reference: at + "/app:2"},
		{Name: "three", Reference: at + "/app:3", Original: "docker.io/library/three:3"},
	}
}

func TestAnArchiveHoldsEachBlobOnceAndGivesImagesBackAsTheyWere(t *testing.T) {
	h, near, far := newHarbour(t, ""), newDistribution(t), newDistribution(t)
	images := threeImages(h, near.address)
	path := filepath.Join(t.TempDir(), "stages.tar")
	got := h.fill(path, images...)
	// Three manifests, three configurations, a common layer and three of their own.
	if got.Added != 10 || got.Kept != 0 || len(got.Gone) != 0 {
		t.Errorf("%+v", got)
	}
	names, err := exec.Command("tar", "-tf", path).Output()
	must(t, err)
	listed := strings.Fields(string(names))
	if slices.Sort(listed); len(slices.Compact(slices.Clone(listed))) != 12 || len(listed) != 12 {
		t.Errorf("%d entries: %q", len(listed), listed)
	}
	must(t, exec.Command("skopeo", "--insecure-policy", "copy", "-q", "oci-archive:"+path+":2", "dir:"+t.TempDir()).Run())

	again := h.fill(path, images...)
	status, err := os.Stat(path)
	must(t, err)
	if again.Added != 0 || again.Kept != 10 {
		t.Errorf("again: %+v", again)
	}
	archive, err := OpenArchive(path)
	must(t, err)
	if all := archive.Images(); len(all) != 3 || all[2].Name != "three" || all[2].Original != "docker.io/library/three:3" {
		t.Errorf("%+v", all)
	}
	must(t, archive.Close())
	after, err := os.Stat(path)
	must(t, err)
	if after.Size() != status.Size() {
		t.Errorf("%d bytes became %d", status.Size(), after.Size())
	}

	targets := []ArchiveTarget{{"1", far.address + "/new:1"}, {"2", far.address + "/new:2"}, {"three", far.address + "/new:3"}}
	must(t, h.Unload(t.Context(), path, targets, &heard{}))
	for i := range 3 {
		before, err := NewReading().Head(t.Context(), h.settings(), fmt.Sprintf("%s/app:%d", near.address, i+1))
		must(t, err)
		after, err := NewReading().Head(t.Context(), h.settings(), fmt.Sprintf("%s/new:%d", far.address, i+1))
		must(t, err)
		if before == "" || before != after {
			t.Errorf("image %d: %s became %s", i+1, before, after)
		}
	}
}

func TestAnArchiveGoesOnWhereItWasInterrupted(t *testing.T) {
	h, near := newHarbour(t, ""), newDistribution(t)
	images := threeImages(h, near.address)
	whole := filepath.Join(t.TempDir(), "whole.tar")
	h.fill(whole, images...)
	text, err := os.ReadFile(whole)
	must(t, err)
	for _, cut := range []int{0, 1, 511, 512, 700, 1024, 1025, 1536, len(text) / 3, len(text) / 2, len(text) - 2500, len(text) - 1024, len(text) - 3} {
		path := filepath.Join(t.TempDir(), "cut.tar")
		must(t, os.WriteFile(path, text[:cut], 0o600))
		isWhole := cut >= len(text)-1024
		archive, err := OpenArchive(path)
		if isWhole != (err == nil) {
			t.Errorf("cut at %d: %v", cut, err)
		}
		if err == nil {
			must(t, archive.Close())
		}
		got := h.fill(path, images...)
		if got.Kept+got.Added != 10 || (cut > len(text)/2 && got.Kept < 3) {
			t.Errorf("cut at %d: %+v", cut, got)
		}
		mended, err := os.ReadFile(path)
		must(t, err)
		if !bytes.Equal(mended, text) {
			t.Errorf("cut at %d: %d bytes in place of %d", cut, len(mended), len(text))
		}
	}
}

func TestWhatAnInterruptedCopyLeftIsComparedWithItsDigest(t *testing.T) {
	h, near := newHarbour(t, ""), newDistribution(t)
	images := threeImages(h, near.address)
	whole := filepath.Join(t.TempDir(), "whole.tar")
	h.fill(whole, images...)
	text, err := os.ReadFile(whole)
	must(t, err)
	path := filepath.Join(t.TempDir(), "holes.tar")
	holes := bytes.Clone(text[:len(text)*3/4])
	clear(holes[len(holes)/2 : len(holes)/2+4096])
	must(t, os.WriteFile(path, holes, 0o600))
	h.fill(path, images...)
	mended, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(mended, text) {
		t.Errorf("%d bytes in place of %d", len(mended), len(text))
	}
}

func TestAnArchiveIsAddedTo(t *testing.T) {
	h, near := newHarbour(t, ""), newDistribution(t)
	images := threeImages(h, near.address)
	path := filepath.Join(t.TempDir(), "stages.tar")
	h.fill(path, images[0])
	before, err := os.ReadFile(path)
	must(t, err)
	got := h.fill(path, images[1:]...)
	if got.Kept != 4 || got.Added != 6 {
		t.Errorf("%+v", got)
	}
	// Broken off later, it still is what it was.
	after, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, after[:len(before)+100<<10], 0o600))
	archive, err := OpenArchive(path)
	must(t, err)
	if len(archive.Images()) != 1 {
		t.Errorf("%+v", archive.Images())
	}
	must(t, archive.Close())
	h.fill(path, images[1:]...)
	archive, err = OpenArchive(path)
	must(t, err)
	defer archive.Close()
	if len(archive.Images()) != 3 {
		t.Errorf("%+v", archive.Images())
	}
}

func TestWhatIsNoArchiveIsLeftAlone(t *testing.T) {
	h := newHarbour(t, "")
	directory := t.TempDir()
	must(t, os.WriteFile(directory+"/other", []byte("not a tar, and no beginning of one"), 0o600))
	must(t, os.WriteFile(directory+"/other.tar", tarWith("file", "text"), 0o600))
	for _, name := range []string{"other", "other.tar"} {
		before, err := os.ReadFile(filepath.Join(directory, name))
		must(t, err)
		_, err = Fill(t.Context(), h.settings(), filepath.Join(directory, name), nil, &heard{})
		if fault := faultOf(t, err); fault.Code != ArchiveInvalid {
			t.Errorf("%s: %v", name, fault)
		}
		after, err := os.ReadFile(filepath.Join(directory, name))
		must(t, err)
		if !bytes.Equal(before, after) {
			t.Errorf("%s has changed", name)
		}
	}
	_, err := OpenArchive(directory + "/missing")
	if fault := faultOf(t, err); fault.Code != ArchiveUnusable {
		t.Errorf("%v", fault)
	}
}

func TestTwoDoNotWriteOneArchive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stages.tar")
	first, err := writeArchive(t.Context(), path)
	must(t, err)
	defer first.Close()
	_, err = writeArchive(t.Context(), path)
	if fault := faultOf(t, err); fault.Code != ArchiveBusy {
		t.Errorf("%v", fault)
	}
}

func TestABlobThatIsSomethingElseLeavesNothing(t *testing.T) {
	w, err := writeArchive(t.Context(), filepath.Join(t.TempDir(), "stages.tar"))
	must(t, err)
	defer w.Close()
	end := w.end
	for _, content := range []string{"other", "tex"} {
		if err := w.add(v1.Descriptor{Digest: digest.FromString("text."), Size: 5}, strings.NewReader(content)); err == nil {
			t.Errorf("%q was taken", content)
		}
	}
	status, err := w.file.Stat()
	must(t, err)
	if w.end != end || status.Size() != end || len(w.blobs) != 0 {
		t.Errorf("%d bytes, end %d, %d blobs", status.Size(), w.end, len(w.blobs))
	}
}

func TestACopyMountsWithinARegistryAndStreamsBetweenTwo(t *testing.T) {
	h, near, far := newHarbour(t, ""), newDistribution(t), newDistribution(t)
	threeImages(h, near.address)
	f := newFront(t, near, nil)
	got, err := h.Copy(t.Context(), f.address+"/app:2", f.address+"/other:2", &heard{})
	must(t, err)
	if f.asked("POST", "mount=") != 3 || f.asked("PATCH", "") != 0 || f.asked("GET", "/blobs/") != 0 {
		t.Errorf("requests: %q", f.seen)
	}
	behind := newFront(t, far, nil)
	streamed, err := h.Copy(t.Context(), near.address+"/app:2", behind.address+"/other:2", &heard{})
	must(t, err)
	if streamed != got {
		t.Errorf("%+v and %+v", streamed, got)
	}
	before := behind.asked("POST", "/blobs/uploads/")
	_, err = h.Copy(t.Context(), near.address+"/app:3", behind.address+"/other:3", &heard{})
	must(t, err)
	if more := behind.asked("POST", "/blobs/uploads/") - before; more != 2 {
		t.Errorf("%d uploads where one of three blobs is there: %q", more, behind.seen)
	}
}

func TestAnImageGetsAnotherConfigurationInAnotherRegistry(t *testing.T) {
	h, near, far := newHarbour(t, ""), newDistribution(t), newDistribution(t)
	threeImages(h, near.address)
	h.reconfigure(near.address+"/app:2", far.address+"/free:name", platformless+`"config":{"Labels":{"a":"b"}}}`)
	before, after := manifestOf(t, near, "app", "2"), manifestOf(t, far, "free", "name")
	if len(after.Layers) != 2 || after.Layers[0].Digest != before.Layers[0].Digest || after.Layers[1].Digest != before.Layers[1].Digest {
		t.Errorf("%+v became %+v", before, after)
	}
	read := h.configuration(far.address + "/free:name")
	if labels := read["config"].(map[string]any)["Labels"]; fmt.Sprint(labels) != "map[a:b]" {
		t.Errorf("%v", read)
	}
}

func TestACopyWhoseSourceHasLostABlobSaysSoAtOnce(t *testing.T) {
	h, near, far := newHarbour(t, ""), newDistribution(t), newDistribution(t)
	threeImages(h, near.address)
	lost := manifestOf(t, near, "app", "2").Layers[1].Digest.String()
	f := newFront(t, near, func(f *front) {
		f.handle = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, lost) {
				return false
			}
			w.WriteHeader(http.StatusNotFound)
			return true
		}
	})
	_, err := h.Copy(t.Context(), f.address+"/app:2", far.address+"/other:2", &heard{})
	if fault := faultOf(t, err); fault.Code != NotFound || !strings.Contains(fault.Message, f.address+"/app:2") {
		t.Errorf("%+v", fault)
	}
	if far.has("other/manifests/2") {
		t.Error("the tag was written")
	}
	_, err = Fill(t.Context(), h.settings(), t.TempDir()+"/stages.tar", []ArchiveSource{{Name: "2", Reference: f.address + "/app:2"}}, &heard{})
	if fault := faultOf(t, err); fault.Code != NotFound {
		t.Errorf("%+v", fault)
	}
}

func TestOfflineNothingIsAsked(t *testing.T) {
	settings := protocol.Settings{RunDirectory: t.TempDir(), DockerConfig: t.TempDir(), Offline: true}
	u := NewUploads(func() protocol.Settings { return settings }, nil, nil)
	t.Cleanup(u.Close)
	f := newFront(t, newDistribution(t), nil)
	_, head := NewReading().Head(t.Context(), settings, f.address+"/app:1")
	_, described := Describe(t.Context(), settings, f.address+"/app:1", "linux", "amd64", "")
	_, listed := NewTagLists().Find(t.Context(), settings, f.address+"/app", "", false)
	_, recorded := u.Record(t.Context(), f.address+"/app:1", nil, &heard{})
	_, copied := u.Copy(t.Context(), f.address+"/app:1", f.address+"/app:2", &heard{})
	deleted := Delete(t.Context(), settings, f.address+"/app:1")
	for i, err := range []error{head, described, listed, recorded, copied, deleted} {
		if fault := faultOf(t, err); fault.Code != Offline {
			t.Errorf("%d: %v", i, err)
		}
	}
	if len(f.seen) != 0 {
		t.Errorf("requests: %q", f.seen)
	}
}

func TestAnIndexIsCopiedWithItsImages(t *testing.T) {
	h, near, far := newHarbour(t, ""), newDistribution(t), newDistribution(t)
	threeImages(h, near.address)
	listed := []Place{at(near.address + "/app:1"), {Reference: near.address + "/app:2", OS: "linux", Architecture: "arm64"}}
	made, err := h.Index(t.Context(), near.address+"/app:all", listed, &heard{})
	must(t, err)
	copied, err := h.Copy(t.Context(), near.address+"/app:all", far.address+"/copied:all", &heard{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "index.tar")
	h.fill(path, ArchiveSource{Name: "all", Reference: near.address + "/app:all"})
	must(t, h.Unload(t.Context(), path, []ArchiveTarget{{"all", far.address + "/unloaded:all"}}, &heard{}))
	unloaded, err := NewReading().Head(t.Context(), h.settings(), far.address+"/unloaded:all")
	must(t, err)
	if made.Digest != copied.Digest || made.Digest != unloaded {
		t.Errorf("%s became %s and %s", made.Digest, copied.Digest, unloaded)
	}
	for _, repository := range []string{"copied", "unloaded"} {
		for i := range 2 {
			child, err := NewReading().Head(t.Context(), h.settings(), fmt.Sprintf("%s/app:%d", near.address, i+1))
			must(t, err)
			if !far.has(repository + "/manifests/" + child) {
				t.Errorf("%s lacks image %d", repository, i+1)
			}
		}
	}
}
