package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Variables that make the test program something else: one that sets a stage and starts itself again there, and one that
// enters and tells where it stands.
const (
	asStage  = "SLIPWAY_TEST_STAGE"
	asGround = "SLIPWAY_TEST_GROUND"
)

func TestMain(m *testing.M) {
	if os.Args[0] == NothingCommand {
		Nothing(os.Args[1:])
		return
	}
	if text, found := os.LookupEnv(asStage); found {
		_ = os.Unsetenv(asStage)
		fmt.Fprintln(os.Stderr, setStage(text))
		os.Exit(99)
	}
	if told := os.Getenv(asGround); told != "" {
		os.Exit(tellGround(told))
	}
	os.Exit(m.Run())
}

// stood is what a program tells that has entered.
type stood struct {
	Ground Ground
	UID    int
	IDs    string
	// Library is what the storage library is told.
	Library string
	PID     int
}

// tellGround enters, tells and then does what it is told to: end with a number, or wait for a signal.
func tellGround(told string) int {
	ground := Enter(func(uid, gid int) []string { return []string{fmt.Sprintf("LIBRARY=%d:%d", uid, gid)} })
	ids := strings.Join(strings.Fields(Root("/").read("/proc/self/uid_map")), " ")
	_ = json.NewEncoder(os.Stdout).Encode(stood{ground, os.Getuid(), ids, os.Getenv("LIBRARY"), os.Getpid()})
	if told == "wait" {
		time.Sleep(time.Minute)
	}
	status := 0
	_, _ = fmt.Sscan(told, &status)
	return status
}

// stage is an environment that differs from this machine's.
type stage struct {
	// Binds puts files at other places, in a mount namespace of the stage.
	Binds map[string]string
	// Mounts mounts tmpfs at places.
	Mounts []string
	// Unmounted are taken away.
	Unmounted []string
	Chroot    string
	UID       int
	// Keep are the capabilities of root that are left; nil: all.
	Keep            []int
	NoNewPrivileges bool
	// Refused are system calls that a filter answers with EPERM; namespaces means clone and unshare of any namespace.
	Refused []string
	// Kills says what the filter kills instead of answering: the process or the thread.
	Kills string
	// Limit is written to user.max_user_namespaces of a user namespace of the stage.
	Limit string
}

// numbers of system calls that filters of stages know.
var numbers = map[string]uint32{
	"mount": unix.SYS_MOUNT, "unshare": unix.SYS_UNSHARE, "clone": unix.SYS_CLONE, "mknodat": unix.SYS_MKNODAT, "chroot": unix.SYS_CHROOT,
}

// setStage changes this thread and replaces the program; it returns only what went wrong.
func setStage(text string) error {
	var s stage
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	runtime.LockOSThread()
	if s.Limit != "" {
		if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte(s.Limit), 0); err != nil {
			return err
		}
	}
	if err := s.arrange(); err != nil {
		return err
	}
	program := "/proc/self/exe"
	if s.Chroot != "" {
		if err := errors.Join(unix.Chroot(s.Chroot), os.Chdir("/")); err != nil {
			return err
		}
		program = "/program"
	}
	for _, path := range s.Unmounted {
		program = os.Getenv("SLIPWAY_TEST_PROGRAM")
		if err := unix.Unmount(path, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("unmounting %s: %w", path, err)
		}
	}
	if err := s.restrict(); err != nil {
		return err
	}
	return syscall.Exec(program, append([]string{program}, os.Args[1:]...), os.Environ())
}

func (s stage) arrange() error {
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("keeping mounts private: %w", err)
	}
	for _, place := range s.Mounts {
		if err := unix.Mount("stage", place, "tmpfs", 0, ""); err != nil {
			return fmt.Errorf("mounting at %s: %w", place, err)
		}
	}
	for place, source := range s.Binds {
		if err := unix.Mount(source, place, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("binding %s: %w", place, err)
		}
	}
	return nil
}

// restrict takes rights from this thread, those that are needed to take others last.
func (s stage) restrict() error {
	if s.Keep != nil {
		for capability := range unix.CAP_LAST_CAP + 1 {
			kept := false
			for _, one := range s.Keep {
				kept = kept || one == capability
			}
			if !kept && capability != unix.CAP_SETPCAP {
				if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(capability), 0, 0, 0); err != nil {
					return fmt.Errorf("dropping the capability %d: %w", capability, err)
				}
			}
		}
	}
	if len(s.Refused) > 0 {
		// Root may set a filter without giving up the power of setuid programs.
		if err := s.filter(); err != nil {
			return err
		}
	}
	if s.NoNewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
	}
	if s.UID == 0 {
		return nil
	}
	for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
		if _, _, code := unix.RawSyscall(call, uintptr(s.UID), uintptr(s.UID), uintptr(s.UID)); code != 0 {
			return fmt.Errorf("becoming %d: %w", s.UID, code)
		}
	}
	return nil
}

func (s stage) filter() error {
	action := unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	switch s.Kills {
	case "process":
		action = unix.SECCOMP_RET_KILL_PROCESS
	case "thread":
		action = unix.SECCOMP_RET_KILL_THREAD
	}
	load := func(offset uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
	}
	answer := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	program := []unix.SockFilter{load(0)}
	for _, name := range s.Refused {
		program = append(program, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: numbers[name], Jf: 4})
		wanted := uint32(0)
		if name == "clone" || name == "unshare" {
			wanted = unix.CLONE_NEWUSER | unix.CLONE_NEWNS
		}
		program = append(program, load(16), unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: wanted, Jf: 1})
		if wanted == 0 {
			program[len(program)-1] = unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: 0}
		}
		program = append(program, answer(action), load(0))
	}
	program = append(program, answer(unix.SECCOMP_RET_ALLOW))
	loaded := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, code := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&loaded)))
	runtime.KeepAlive(program)
	if code != 0 {
		return fmt.Errorf("setting a filter: %w", code)
	}
	return nil
}

// command is the test program that enters on the stage.
func (s stage) command(t *testing.T, told string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("stages are set by root")
	}
	// Where every user can read it.
	program := filepath.Join(readable(t), "program")
	own, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(program, own, 0o755))
	text, err := json.Marshal(s)
	must(t, err)
	command := exec.Command(program)
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/", "KEPT=yes", asStage + "=" + string(text), asGround + "=" + told, "SLIPWAY_TEST_PROGRAM=" + program,
	}
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if s.Limit != "" {
		all := []syscall.SysProcIDMap{{Size: 1 << 20}}
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings, command.SysProcAttr.GidMappings = all, all
		command.SysProcAttr.GidMappingsEnableSetgroups = true
	}
	command.Stderr = os.Stderr
	return command
}

// stand tells where the program stands on the stage.
func (s stage) stand(t *testing.T) stood {
	t.Helper()
	output, err := s.command(t, "0").Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	var found stood
	if err := json.Unmarshal(output, &found); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return found
}

// readable is a temporary directory that every user can enter.
func readable(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "slipway-stage-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	must(t, os.Chmod(directory, 0o755))
	return directory
}

// file makes a file that every user can read.
func file(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(readable(t), "file")
	must(t, os.WriteFile(path, []byte(text), 0o644))
	must(t, os.Chmod(path, mode))
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
