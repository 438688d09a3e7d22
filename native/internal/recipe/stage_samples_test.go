package recipe

import (
	"archive/tar"
	"os"
	"path/filepath"
	"testing"
)

// stageSamples are those of stages of Stapel images. Images to import from or to mount are those that the recipe is based on.
func stageSamples(t testing.TB) []sample {
	place := func(to, owner string, removed []string, headers []tar.Header, contents ...string) Step {
		step := Place{To: to, Owner: owner, Group: "44", Removed: removed}
		if headers != nil {
			step.Open = tarOf(t, headers, contents...)
		}
		return step
	}
	link := func(name, to string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
	}
	tree := []Step{shell("mkdir -p /d/sub/deep /m; for i in a b c; do echo $i > /d/$i; echo $i > /d/sub/deep/$i; done; chown 1000:1001 /d/a; chmod 4711 /d/a; ln /d/b /d/b2; ln -s a /d/l; mkdir /d/none; echo app:x:77:78::/:/bin/sh > /etc-passwd; mkdir -p /etc; mv /etc-passwd /etc/passwd"),
		act("attribute", "/d/c", "user.a", "1")}
	return []sample{
		{name: "files of a mapping", before: tree, steps: []Step{place("/d/sub/new", "app", nil, []tar.Header{file("a"), file("b/c"), link("l", "b/c")}, "1", "2")}},
		{name: "files of two mappings", before: tree, steps: []Step{place("/x/b", "app", nil, []tar.Header{file("a")}, "1"), place("/x/a", "app", nil, []tar.Header{file("a")}, "1")}},
		{name: "files of a mapping that are not sorted", before: tree, steps: []Step{place("/d", "9", nil, []tar.Header{file("sub"), file("a/x")}, "1", "2")}},
		{name: "removals of a mapping", before: tree, steps: []Step{place("/d", "", []string{"sub/deep/a", "sub/deep/b", "sub/deep/c", "b"}, []tar.Header{file("n")}, "1")}},
		{name: "removals of a mapping before a command", before: tree, steps: []Step{
			place("/d", "app", []string{"sub/deep/a", "sub/deep/b", "sub/deep/c", "b"}, []tar.Header{file("n"), file("o/p")}, "1", "2"), shell("cat /d/n > /d/m")}},
		{name: "emptied directories", before: tree, steps: []Step{Empty{Paths: []string{"/d/sub", "/m", "/new/dir", "/d/a"}}}},
		{name: "an import", before: tree, steps: []Step{Import{Add: "/d", To: "/copied"}}},
		{name: "an import with masks and an owner", before: tree, steps: []Step{Import{Add: "/d", To: "/bin", Include: []string{"b*", "sub/**/a"}, Owner: "app"}}},
		{name: "imports before a command", before: tree, steps: []Step{Import{Add: "/d", To: "/copied", Group: "5"}, Import{Add: "/d/a", To: "/m"}, shell("cp -a /copied/c /copied/c2; rm /copied/b")}},
		{name: "a command with all that can be shown to one", before: tree, steps: []Step{furnishedRun(t)}},
	}
}

// furnishedRun writes only into what it is shown, and one file.
func furnishedRun(t testing.TB) Run {
	directory := t.TempDir()
	for name, mode := range map[string]os.FileMode{"script": 0o755, "data": 0o644} {
		if err := os.WriteFile(filepath.Join(directory, name), []byte("#!/bin/sh\necho "+name+"\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	kept := filepath.Join(directory, "kept")
	if err := os.Mkdir(kept, 0o755); err != nil {
		t.Fatal(err)
	}
	run := shell(`echo x > /m/made; mkdir -p /m/dir; chown 5:6 /m/dir; test $(/.werf/script.sh) = script; cat /.werf/data /.werf/stapel/busybox > /dev/null
test $(cat /run/secrets/s) = secret; test $(stat -c %a:%u /run/secrets/s) = 400:0; test -f /run/secrets/other; echo made > /made`)
	run.Mounts = []Mount{
		{Target: "/m", Source: kept}, {Target: "/.werf/script.sh", Source: filepath.Join(directory, "script"), ReadOnly: true},
		{Target: "/.werf/data", Source: filepath.Join(directory, "data"), ReadOnly: true}, {Target: "/.werf/stapel", Source: "/bin", Tree: &Image{}, ReadOnly: true},
		{Target: "/run/secrets/s", ReadOnly: true, Secret: &Secret{Content: []byte("secret"), Access: Access{Mode: 0o400}}},
		{Target: "/run/secrets/other", ReadOnly: true, Secret: &Secret{Access: Access{Mode: 0o400}}},
	}
	return run
}

// from puts the image that a sample takes files of in its place.
func (sample sample) from(image Image) {
	for i, step := range sample.steps {
		switch step := step.(type) {
		case Copy:
			step.From = TreeSource{Image: image}
			sample.steps[i] = step
		case Import:
			step.From = image
			sample.steps[i] = step
		case Run:
			for j := range step.Mounts {
				if step.Mounts[j].Tree != nil {
					step.Mounts[j].Tree = &image
				}
			}
		}
	}
}
