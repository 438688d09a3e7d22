// Command actor plays a part inside an image of a test, where no other program could.
package main

import (
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	if err := act(os.Args[1]); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func act(part string) error {
	switch part {
	case "capabilities":
		return capabilities()
	case "ask":
		return ask()
	case "network":
		return network()
	}
	return fmt.Errorf("no part %s", part)
}

func capabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return err
	}
	var bounding uint64
	for number := range uintptr(64) {
		if set, _, errno := unix.Syscall(unix.SYS_PRCTL, unix.PR_CAPBSET_READ, number, 0); errno == 0 && set == 1 {
			bounding |= 1 << number
		}
	}
	fmt.Printf("%016x %08x%08x\n", bounding, data[1].Effective, data[0].Effective)
	return nil
}

func ask() error {
	connection, err := net.Dial("unix", "/data/agent")
	if err != nil {
		return err
	}
	if _, err := connection.Write([]byte("hello")); err != nil {
		return err
	}
	text := make([]byte, 100)
	size, err := connection.Read(text)
	fmt.Print(string(text[:size]))
	return err
}

func network() error {
	interfaces, err := net.Interfaces()
	for _, one := range interfaces {
		fmt.Println(one.Name, strings.Split(one.Flags.String(), "|")[0])
	}
	return err
}
