package recipe

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	digest "github.com/opencontainers/go-digest"
	specs "github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"slipway.dev/engine/internal/layer"
)

// layout writes an image of some layers, whose blobs are in the cache, as an OCI layout with the tag `it`.
func layout(t *testing.T, blobs *layer.Blobs, diffIDs []digest.Digest) string {
	t.Helper()
	directory := t.TempDir()
	put := func(name string, content io.Reader) {
		at := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(at)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if _, err := io.Copy(file, content); err != nil {
			t.Fatal(err)
		}
	}
	putJSON := func(name string, mediaType string, value any) v1.Descriptor {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		made := v1.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(text), Size: int64(len(text))}
		if name == "" {
			name = "blobs/sha256/" + made.Digest.Encoded()
		}
		put(name, strings.NewReader(string(text)))
		return made
	}
	manifest := v1.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest}
	for _, diffID := range diffIDs {
		blob, known := blobs.Find(diffID)
		if !known {
			t.Fatalf("the blob of %s is not in the cache", diffID)
		}
		content, err := blobs.Open(blob)
		if err != nil {
			t.Fatal(err)
		}
		put("blobs/sha256/"+blob.Digest.Encoded(), content)
		content.Close()
		manifest.Layers = append(manifest.Layers, v1.Descriptor{MediaType: blob.MediaType, Digest: blob.Digest, Size: blob.Size})
	}
	manifest.Config = putJSON("", v1.MediaTypeImageConfig, v1.Image{
		Platform: v1.Platform{OS: "linux", Architecture: "amd64"}, RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs}})
	listed := putJSON("", v1.MediaTypeImageManifest, manifest)
	listed.Annotations = map[string]string{v1.AnnotationRefName: "it"}
	putJSON("index.json", "", v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, Manifests: []v1.Descriptor{listed}})
	putJSON("oci-layout", "", v1.ImageLayout{Version: "1.0.0"})
	return directory
}

// unpacked is the tree that umoci makes of layers.
func unpacked(t *testing.T, blobs *layer.Blobs, diffIDs []digest.Digest) *layer.Tree {
	t.Helper()
	bundle := filepath.Join(t.TempDir(), "bundle")
	out, err := exec.Command("umoci", "unpack", "--image", layout(t, blobs, diffIDs)+":it", bundle).CombinedOutput()
	if err != nil {
		t.Fatalf("umoci: %v\n%s", err, out)
	}
	tree, err := layer.PlainTree(filepath.Join(bundle, "rootfs"))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// everything is all files of a tree as entries of a layer.
func everything(t *testing.T, files layer.Files) iter.Seq2[layer.Entry, error] {
	named := map[layer.Identity]string{}
	var below func(directory layer.File, prefix string, yield func(layer.Entry, error) bool) bool
	below = func(directory layer.File, prefix string, yield func(layer.Entry, error) bool) bool {
		names, err := files.Names(directory)
		if err != nil {
			return yield(layer.Entry{}, err)
		}
		for _, base := range names {
			name := path.Join(prefix, base)
			file, err := files.Child(directory, base)
			if err != nil {
				return yield(layer.Entry{}, err)
			}
			entry, err := layer.EntryOf(file, name)
			if err == nil && entry.Header == nil {
				// A socket, which no layer holds.
				continue
			}
			if identity, several := layer.IdentityOf(file); several && err == nil {
				if first, known := named[identity]; known {
					entry.Open, entry.Header.Typeflag, entry.Header.Linkname = nil, tar.TypeLink, first
					entry.Header.Size, entry.Header.PAXRecords = 0, nil
				} else {
					named[identity] = name
				}
			}
			if !yield(entry, err) || err != nil {
				return false
			}
			if file.IsDir() && !below(file, name, yield) {
				return false
			}
		}
		return true
	}
	return func(yield func(layer.Entry, error) bool) { below(files.Root(), "", yield) }
}

// described tells all files of a tree, one line for each: everything that a layer says, and a hash of the content.
func described(t *testing.T, files layer.Files) map[string]string {
	t.Helper()
	lines := map[string]string{}
	for entry, err := range everything(t, files) {
		if err != nil {
			t.Fatal(err)
		}
		header := entry.Header
		line := fmt.Sprintf("%c %o %d:%d %d %d %q %d,%d", header.Typeflag, header.Mode, header.Uid, header.Gid, header.ModTime.Unix(),
			header.Size, header.Linkname, header.Devmajor, header.Devminor)
		for _, record := range slices.Sorted(maps.Keys(header.PAXRecords)) {
			// A record without a value means none to umoci.
			if value := header.PAXRecords[record]; value != "" {
				line += fmt.Sprintf(" %s=%q", record, value)
			}
		}
		if entry.Open != nil {
			content, err := entry.Open()
			if err != nil {
				t.Fatal(err)
			}
			hash := sha256.New()
			if _, err := io.Copy(hash, content); err != nil {
				t.Fatal(err)
			}
			content.Close()
			line += fmt.Sprintf(" %x", hash.Sum(nil))
		}
		lines[header.Name] = line
	}
	return lines
}

// assertSameFiles compares the files of two trees.
func assertSameFiles(t *testing.T, ours, theirs map[string]string) {
	t.Helper()
	for name, line := range ours {
		if theirs[name] != line {
			t.Errorf("%.80q is %q here, %q there", name, line, theirs[name])
		}
	}
	for name, line := range theirs {
		if ours[name] == "" {
			t.Errorf("%.80q is %q there and is not here", name, line)
		}
	}
}

func TestUmociUnpacksLayersToTheFilesOfTheStoreAndTheyMakeTheSameLayerAgain(t *testing.T) {
	if _, err := exec.LookPath("umoci"); err != nil {
		t.Skip("umoci is not installed")
	}
	w := workshop(t, "overlay")
	program, err := os.ReadFile(buildScribe(t))
	if err != nil {
		t.Fatal(err)
	}
	base, err := w.Make(t.Context(), Recipe{Base: busybox(t, w), Epoch: testEpoch, Steps: []Step{
		Extract{Open: tarOf(t, []tar.Header{{Typeflag: tar.TypeReg, Name: "bin/scribe", Mode: 0o755}}, string(program))},
	}}, &heard{})
	if err != nil {
		t.Fatal(err)
	}
	merged, again := 0, 0
	for _, sample := range samples(t) {
		if strings.Contains(sample.name, "100,000") {
			continue
		}
		t.Run(sample.name, func(t *testing.T) {
			image := sampleImage(t, w, base, sample)
			tree, err := w.Tree(image)
			if err != nil {
				t.Fatal(err)
			}
			assertSameFiles(t, described(t, tree), described(t, unpacked(t, w.Layers.Blobs, image.DiffIDs)))
			merged++
			top := image.DiffIDs[len(image.DiffIDs)-1]
			if sample.name == "attributes" {
				// One of them is empty.
				return
			}
			if removes(t, w, image) {
				return
			}
			alone := unpacked(t, w.Layers.Blobs, []digest.Digest{top})
			made, err := w.Layers.Entries(t.Context(), "", everything(t, alone))
			if err != nil || made.DiffID != top {
				t.Errorf("made again it is %s (%v), wanted %s", made.DiffID, err, top)
			}
			again++
		})
	}
	if merged < 25 || again < 20 {
		t.Errorf("%d images were compared, %d layers made again", merged, again)
	}
}

// removes says whether a layer removes anything of those below.
func removes(t *testing.T, w *Workshop, image Image) bool {
	t.Helper()
	for entries := tar.NewReader(tarOfLayer(t, w, image)); ; {
		header, err := entries.Next()
		if err == io.EOF {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(path.Base(header.Name), ".wh.") {
			return true
		}
	}
}

// sampleImage makes the image of a sample.
func sampleImage(t *testing.T, w *Workshop, base Image, sample sample) Image {
	t.Helper()
	var err error
	h := &heard{}
	if sample.before != nil {
		if base, err = w.Make(t.Context(), Recipe{Base: base, Epoch: testEpoch, Steps: sample.before}, h); err != nil {
			t.Fatalf("before: %v %q", err, h.lines)
		}
	}
	sample.from(base)
	made, err := w.Make(t.Context(), Recipe{Base: base, Epoch: testEpoch, Steps: sample.steps}, h)
	if err != nil {
		t.Fatalf("%v %q", err, h.lines)
	}
	return made
}
