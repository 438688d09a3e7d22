package follow

import (
	"fmt"
	"os"
	"syscall"
)

// dropPrivileges is what a Go program does to become a user: each call is made by all threads.
func dropPrivileges() {
	must(syscall.Setgroups([]int{33, 44}))
	must(syscall.Setgid(33))
	must(syscall.Setuid(33))
	if syscall.Setuid(0) == nil {
		must(fmt.Errorf("root again"))
	}
	groups, err := syscall.Getgroups()
	must(err)
	done := make(chan string)
	go func() { done <- fmt.Sprintln("go:", os.Getuid(), os.Getegid(), groups) }()
	fmt.Print(<-done)
	os.Exit(0)
}

// chownItself makes a file of a Go program and gives it away.
func chownItself() {
	name := os.Args[1]
	must(os.WriteFile(name, nil, 0o600))
	must(os.Chown(name, 12, 13))
	status, err := os.Stat(name)
	must(err)
	owner := status.Sys().(*syscall.Stat_t)
	fmt.Println("go:", owner.Uid, owner.Gid)
	os.Exit(0)
}
