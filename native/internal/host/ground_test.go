package host

import (
	"slices"
	"testing"
)

func TestTheReasonIsWhatWouldHaveToGoFirst(t *testing.T) {
	refused := Obstacle{Code: UserNamespaceDenied, Message: "refused", Remedy: "allow it; or that"}
	ranges := Obstacle{Code: NoSubordinateIDs, Message: "no ranges", Remedy: "add ranges; or that"}
	device := Obstacle{Code: NoMknod, Message: "no device", Remedy: "allow devices"}
	for name, c := range map[string]struct {
		ground Ground
		reason string
	}{
		"nothing known":       {Ground{Standing: Bare}, ""},
		"one id":              {Ground{Standing: SingleID, Obstacles: []Obstacle{ranges}}, "no ranges"},
		"a user with nothing": {Ground{Standing: Bare, Obstacles: []Obstacle{refused, ranges}}, "refused"},
		"root with nothing":   {Ground{Standing: Bare, Obstacles: []Obstacle{refused, device}}, "no device"},
	} {
		got := c.ground.Reason()
		if (got == nil) != (c.reason == "") || got != nil && got.Message != c.reason {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	all := Ground{Obstacles: []Obstacle{refused, ranges, device}}
	if got := all.Fixes(NoMknod); !slices.Equal(got, []string{"allow it", "that", "add ranges"}) {
		t.Errorf("got %q", got)
	}
}
