// Command filtered runs a command below a filter of system calls, as containers and services have one.
//
//	filtered errno|kill CALL... -- COMMAND...
//
// CALL is unshare, clone (only where it makes namespaces), mount, chroot, mknod or chown: refused with EPERM, or the process is killed. Needs
// CAP_SYS_ADMIN, so that no_new_privs stays as it is.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"unsafe"
)

const (
	loadWord   = 0x20 // BPF_LD | BPF_W | BPF_ABS
	jumpEqual  = 0x15 // BPF_JMP | BPF_JEQ | BPF_K
	jumpAny    = 0x45 // BPF_JMP | BPF_JSET | BPF_K
	give       = 0x06 // BPF_RET | BPF_K
	allow      = 0x7fff0000
	killAll    = 0x80000000
	refuse     = 0x00050000
	clone3     = 435
	namespaces = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC
	setSeccomp = 22 // PR_SET_SECCOMP
)

var numbers = map[string][]uint32{
	"unshare": {syscall.SYS_UNSHARE},
	"clone":   {syscall.SYS_CLONE},
	"mount":   {syscall.SYS_MOUNT, 428, 429, 430}, // and open_tree, move_mount, fsopen
	"chroot":  {syscall.SYS_CHROOT},
	"mknod":   {syscall.SYS_MKNODAT},
	"chown":   {syscall.SYS_FCHOWNAT},
}

type instruction = syscall.SockFilter

func filter(verdict uint32, calls []string) []instruction {
	program := []instruction{{Code: loadWord, K: 0}}
	for _, call := range calls {
		for _, number := range numbers[call] {
			if call == "clone" {
				program = append(program,
					instruction{Code: jumpEqual, Jf: 4, K: number},
					instruction{Code: loadWord, K: 16},
					instruction{Code: jumpAny, Jf: 1, K: namespaces},
					instruction{Code: give, K: verdict},
					instruction{Code: give, K: allow},
					// The flags of clone3 cannot be read: those who ask use clone then.
					instruction{Code: jumpEqual, Jf: 1, K: clone3},
					instruction{Code: give, K: refuse | uint32(syscall.ENOSYS)})
				continue
			}
			program = append(program, instruction{Code: jumpEqual, Jf: 1, K: number}, instruction{Code: give, K: verdict})
		}
	}
	return append(program, instruction{Code: give, K: allow})
}

func main() {
	split := slices.Index(os.Args, "--")
	if len(os.Args) < 4 || split < 3 || split+1 >= len(os.Args) {
		fail("usage: filtered errno|kill CALL... -- COMMAND...")
	}
	verdict := uint32(killAll)
	if os.Args[1] == "errno" {
		verdict = refuse | uint32(syscall.EPERM)
	}
	path, err := exec.LookPath(os.Args[split+1])
	if err != nil {
		fail(err)
	}
	program := filter(verdict, os.Args[2:split])
	runtime.LockOSThread()
	loaded := syscall.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if _, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, setSeccomp, 2, uintptr(unsafe.Pointer(&loaded))); failed != 0 {
		fail("loading the filter: ", failed)
	}
	fail(syscall.Exec(path, os.Args[split+1:], os.Environ()))
}

func fail(what ...any) {
	fmt.Fprintln(os.Stderr, what...)
	os.Exit(1)
}
