package host

import (
	"strings"
	"testing"
)

func TestALimitIsReadAndItsHardPartMayBeLeftOut(t *testing.T) {
	for text, want := range map[string]Limit{
		"nofile:1024:2048": {"nofile", 1024, 2048},
		"nofile:1024":      {"nofile", 1024, 1024},
		"core:0:-1":        {"core", 0, -1},
		"core:-1":          {"core", -1, -1},
	} {
		if got, err := ParseLimit(text); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
}

func TestABadLimitIsRefusedWithItsReason(t *testing.T) {
	for text, want := range map[string]string{
		"nofile":       "type:soft[:hard]",
		"files:1:2":    "unknown type",
		"nofile:x:2":   "not a number",
		"nofile:3:2":   "above the hard",
		"nofile:-1:2":  "above the hard",
		"nofile:-2:2":  "not a number",
		"nofile:1:2:3": "type:soft[:hard]",
	} {
		if _, err := ParseLimit(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, wanted %q", text, err, want)
		}
	}
}

func TestRaisingAHardLimitNeedsTheCapability(t *testing.T) {
	present := []Limit{{"nofile", 10, 20}}
	if CheckLimit(Limit{"nofile", 10, 21}, present, false) == nil {
		t.Error("raised without the capability")
	}
	if err := CheckLimit(Limit{"nofile", 10, 21}, present, true); err != nil {
		t.Errorf("with the capability: %v", err)
	}
	if err := CheckLimit(Limit{"nofile", 5, 20}, present, false); err != nil {
		t.Errorf("lowering: %v", err)
	}
}
