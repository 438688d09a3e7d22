package ledger

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// heading is the first line of a ledger's file.
const heading = "slipway ledger 1"

// fields is how many numbers a line has: inode, seconds, nanoseconds, uid, gid, mode, device.
const fields = 7

// Load reads a ledger. A file that does not exist is an empty ledger.
func Load(path string) (Ledger, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Ledger{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the ledger of owners: %w", err)
	}
	defer file.Close()
	ledger := Ledger{}
	lines := bufio.NewScanner(file)
	if !lines.Scan() || lines.Text() != heading {
		return nil, errors.Join(fmt.Errorf("%s is not a ledger of owners", path), lines.Err())
	}
	for number := 2; lines.Scan(); number++ {
		key, owner, err := parse(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		ledger[key] = owner
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the ledger of owners: %w", err)
	}
	return ledger, nil
}

func parse(line string) (Key, Owner, error) {
	words := strings.Split(line, " ")
	if len(words) != fields {
		return Key{}, Owner{}, fmt.Errorf("expected %d numbers, found %d", fields, len(words))
	}
	bits := [fields]int{64, 64, 32, 32, 32, 32, 64}
	var numbers [fields]uint64
	for i, word := range words {
		number, err := strconv.ParseUint(word, 10, bits[i])
		if i == 1 { // a time of birth may lie before 1970
			var seconds int64
			seconds, err = strconv.ParseInt(word, 10, bits[i])
			number = uint64(seconds)
		}
		if err != nil {
			return Key{}, Owner{}, err
		}
		numbers[i] = number
	}
	key := Key{Inode: numbers[0], Sec: int64(numbers[1]), Nsec: uint32(numbers[2])}
	return key, Owner{UID: uint32(numbers[3]), GID: uint32(numbers[4]), Mode: uint32(numbers[5]), Rdev: numbers[6]}, nil
}

// Save writes the ledger, in order of inodes. The file is replaced at once or not at all.
func (l Ledger) Save(path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the ledger of owners: %w", err)
	}
	err = errors.Join(l.write(file), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the ledger of owners: %w", err), os.Remove(file.Name()))
	}
	return nil
}

func (l Ledger) write(file *os.File) error {
	writer := bufio.NewWriter(file)
	fmt.Fprintln(writer, heading)
	for _, key := range l.keys() {
		owner := l[key]
		fmt.Fprintln(writer, key.Inode, key.Sec, key.Nsec, owner.UID, owner.GID, owner.Mode, owner.Rdev)
	}
	return writer.Flush()
}

func (l Ledger) keys() []Key {
	keys := make([]Key, 0, len(l))
	for key := range l {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Inode, b.Inode), cmp.Compare(a.Sec, b.Sec), cmp.Compare(a.Nsec, b.Nsec))
	})
	return keys
}
