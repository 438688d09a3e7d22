package match

import (
	"slices"
	"testing"
)

func TestMasksTakeAndEnter(t *testing.T) {
	paths := []string{"a", "a/x.js", "a/b", "a/b/y.js", "c", "c/d", "c/d/z.txt", "top.js"}
	for _, one := range []struct {
		include, exclude []string
		taken, entered   []string
	}{
		{nil, nil, paths, []string{"a", "a/b", "c", "c/d"}},
		{[]string{"a"}, nil, []string{"a", "a/x.js", "a/b", "a/b/y.js"}, []string{"a", "a/b"}},
		{[]string{"a/"}, nil, []string{"a", "a/x.js", "a/b", "a/b/y.js"}, []string{"a", "a/b"}},
		{[]string{"/a/**"}, nil, []string{"a", "a/x.js", "a/b", "a/b/y.js"}, []string{"a", "a/b"}},
		{[]string{"*.js"}, nil, []string{"top.js"}, nil},
		{[]string{"**/*.js"}, nil, []string{"a/x.js", "a/b/y.js", "top.js"}, []string{"a", "a/b", "c", "c/d"}},
		{[]string{"c/*/z.txt"}, nil, []string{"c/d/z.txt"}, []string{"c", "c/d"}},
		{[]string{"{a,c}/b"}, nil, []string{"a/b", "a/b/y.js"}, []string{"a", "a/b", "c", "c/d"}},
		{nil, []string{"a/b", "c"}, []string{"a", "a/x.js", "top.js"}, []string{"a"}},
		{[]string{"*"}, []string{"**/*.js"}, []string{"a", "a/b", "c", "c/d", "c/d/z.txt"}, []string{"a", "a/b", "c", "c/d"}},
	} {
		masks, err := NewMasks(one.include, one.exclude)
		if err != nil {
			t.Fatal(err)
		}
		var taken, entered []string
		for _, path := range paths {
			if masks.Takes(path) {
				taken = append(taken, path)
			}
		}
		for _, directory := range []string{"a", "a/b", "c", "c/d"} {
			if masks.Enters(directory) {
				entered = append(entered, directory)
			}
		}
		if !slices.Equal(taken, one.taken) || !slices.Equal(entered, one.entered) {
			t.Errorf("%q without %q: took %q and entered %q", one.include, one.exclude, taken, entered)
		}
	}
	if _, err := NewMasks([]string{"[x"}, nil); err == nil {
		t.Error("a mask that is none was accepted")
	}
}
