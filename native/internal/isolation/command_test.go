package isolation

import (
	"slices"
	"testing"
)

func TestACommandHasAPathAndAHomeInAnyCase(t *testing.T) {
	for _, c := range []struct{ given, want []string }{
		{nil, []string{"PATH=" + defaultPath, "HOME=/root"}},
		{[]string{"PATHS=a", "HOME=/h"}, []string{"PATHS=a", "HOME=/h", "PATH=" + defaultPath}},
		{[]string{"PATH=", "A=b"}, []string{"PATH=", "A=b", "HOME=/root"}},
	} {
		if got := (Command{Env: c.given, Home: "/root"}).environment(); !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q", c.given, got)
		}
	}
}
