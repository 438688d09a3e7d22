package ledger

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestALedgerIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners")
	written := Ledger{
		{Inode: math.MaxUint64, Sec: -1, Nsec: 999999999}: {UID: math.MaxUint32 - 1, GID: 42},
		{Inode: 7}: {Mode: unix.S_IFCHR | 0o600, Rdev: unix.Mkdev(1, 3)},
	}
	if err := written.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := Load(path)
	if err != nil || !maps.Equal(read, written) {
		t.Errorf("got %v, %v", read, err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestALedgerThatIsNotThereIsEmpty(t *testing.T) {
	read, err := Load(filepath.Join(t.TempDir(), "none"))
	if err != nil || read == nil || len(read) > 0 {
		t.Errorf("got %v, %v", read, err)
	}
}

func TestADamagedLedgerIsNamedWithItsLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "owners")
	for text, expected := range map[string]string{
		"": "not a ledger", "something\n": "not a ledger", heading + "\n1 2 3 4 5 6 7\n1 2 3\n": "line 3",
		heading + "\n1 2 3 4 5 x 7\n": "line 2", heading + "\n1 2 3 4294967296 5 6 7\n": "line 2",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestAFileKeepsItsKeyThroughRenameAndLink(t *testing.T) {
	directory := t.TempDir()
	first, second, third := filepath.Join(directory, "1"), filepath.Join(directory, "2"), filepath.Join(directory, "3")
	if err := os.WriteFile(first, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := KeyOf(unix.AT_FDCWD, first, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(first, second); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(second, third); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{second, third} {
		if got, err := KeyOf(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW); err != nil || got != key {
			t.Errorf("%s: got %v, %v; expected %v", path, got, err, key)
		}
	}
	if _, err := KeyOf(unix.AT_FDCWD, first, 0); err == nil {
		t.Error("a file that is gone has a key")
	}
}

func TestAnOwnerThatEveryFileHasIsNotNoted(t *testing.T) {
	ledger := Ledger{{Inode: 1}: {UID: 5}}
	ledger.Set(Key{Inode: 1}, Owner{})
	ledger.Set(Key{Inode: 2}, Owner{GID: 1})
	if !maps.Equal(ledger, Ledger{{Inode: 2}: {GID: 1}}) {
		t.Errorf("got %v", ledger)
	}
}
