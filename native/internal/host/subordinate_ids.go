package host

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
)

// leastSubordinateIDs is what images with ordinary users and groups need.
const leastSubordinateIDs = 65536

// SubordinateIDs checks that the user has id ranges and the programs that map them. Nil: it has.
func SubordinateIDs(me *user.User) *Obstacle {
	for _, program := range []string{"newuidmap", "newgidmap"} {
		if _, err := exec.LookPath(program); err != nil {
			return &Obstacle{
				Code:    NoSubordinateIDs,
				Message: fmt.Sprintf("%s is not installed: it maps the ids of a build without root", program),
				Remedy:  "install the package uidmap (Debian, Ubuntu) or shadow-utils (Fedora)",
			}
		}
	}
	for _, path := range []string{"/etc/subuid", "/etc/subgid"} {
		if count := subordinateCount(path, me); count < leastSubordinateIDs {
			return &Obstacle{
				Code: NoSubordinateIDs,
				Message: fmt.Sprintf("user %s has %d subordinate ids in %s, a build without root needs %d",
					me.Username, count, path, leastSubordinateIDs),
				Remedy: fmt.Sprintf("as root, add the line `%s:100000:65536` to /etc/subuid and to /etc/subgid "+
					"(choose a start that no other line uses)", me.Username),
			}
		}
	}
	return nil
}

func subordinateCount(path string, me *user.User) int {
	file, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer file.Close()
	return countRanges(file, me.Username, me.Uid)
}

// countRanges adds up the ranges of lines `name:start:count` that belong to the user, by name or by uid.
func countRanges(lines io.Reader, name, uid string) int {
	total := 0
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		fields := strings.Split(strings.TrimSpace(scanner.Text()), ":")
		if len(fields) != 3 || (fields[0] != name && fields[0] != uid) {
			continue
		}
		if count, err := strconv.Atoi(fields[2]); err == nil {
			total += count
		}
	}
	return total
}
