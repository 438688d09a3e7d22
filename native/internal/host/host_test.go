package host

import (
	"os"
	"path/filepath"
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

func TestSubordinateRangesCountByNameAndByNumber(t *testing.T) {
	lines := "other:1:5\nme:100000:65536\n# me:1:1\n1001:200000:10\nbroken\nme:x:y\n"
	if got := countRanges(strings.NewReader(lines), "me", "1001"); got != 65546 {
		t.Errorf("got %d", got)
	}
}

func TestKernelSettingsThatForbidUserNamespacesAreNamedWithTheirRemedy(t *testing.T) {
	for path, setting := range map[string]string{
		"proc/sys/user/max_user_namespaces":         "user.max_user_namespaces = 15000",
		"proc/sys/kernel/unprivileged_userns_clone": "kernel.unprivileged_userns_clone = 1",
	} {
		root := t.TempDir()
		file := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("0\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		obstacle := UserNamespace(Root(root))
		if obstacle == nil || obstacle.Code != UserNamespaceDenied || !strings.Contains(obstacle.Remedy, setting) {
			t.Errorf("%s: got %+v", path, obstacle)
		}
	}
}
