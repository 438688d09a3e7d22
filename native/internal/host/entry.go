package host

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// entryVariable tells a program that was started in a new user namespace how to begin, as JSON.
const entryVariable = "SLIPWAY_ENTRY"

// arrivalPatience is for the trials of a program that has just arrived.
const arrivalPatience = 20 * time.Second

// entry is what the starting process and the started one agree on. The descriptors are the started one's.
type entry struct {
	Parent int
	// Report gets the outcome of the trials. Ready gives a byte when the ids are mapped.
	Report, Ready int
	// Mapped says that the program began with its ids.
	Mapped bool
}

// report is what the started program found; Text is empty where all is well.
type report struct {
	Text string
	Code int
}

// Stages at which a user namespace can fail.
const (
	stageClone  = "clone"
	stageMap    = "map"
	stageMounts = "mounts"
)

// entryFailure says at which stage a program could not live in a user namespace.
type entryFailure struct {
	stage string
	*denial
}

// idMap is how ids of a user namespace are mapped.
type idMap struct {
	uids, gids []Range
	// programs says that newuidmap and newgidmap write the maps, else this process.
	programs bool
}

// single says whether only one id is mapped; the kernel then wants setgroups to be given up first.
func (m idMap) single() bool { return total(m.uids) == 1 && total(m.gids) == 1 }

// enter starts the program again in a user namespace, and ends with it where that works. The variables are added to
// its environment, the ground is its own.
func enter(ids idMap, ground Ground, variables []string) *entryFailure {
	// The started process dies with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	reports, outcome, err := os.Pipe()
	if err != nil {
		return &entryFailure{stageClone, deny(fmt.Errorf("making a pipe: %w", err))}
	}
	defer reports.Close()
	waiting, ready, err := os.Pipe()
	if err != nil {
		outcome.Close()
		return &entryFailure{stageClone, deny(fmt.Errorf("making a pipe: %w", err))}
	}
	defer ready.Close()
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer func() { signal.Stop(signals); close(signals) }()

	command := exec.Command(self())
	command.Args = os.Args
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.ExtraFiles = []*os.File{outcome, waiting}
	told, _ := json.Marshal(entry{Parent: os.Getpid(), Report: 3, Ready: 4, Mapped: !ids.programs})
	command.Env = append(append(os.Environ(), variables...), ground.assignment(), entryVariable+"="+string(told))
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		Pdeathsig:  syscall.SIGKILL,
	}
	ids.mapped(command.SysProcAttr)
	err = command.Start()
	outcome.Close()
	waiting.Close()
	if err != nil {
		return notStarted(err)
	}
	go pass(signals, command.Process)
	failure := settleIn(command, ids, reports, ready)
	if failure == nil {
		os.Exit(exitStatus(command))
	}
	_ = command.Process.Kill()
	status := exitStatus(command)
	switch syscall.Signal(status - 128) {
	case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP:
		os.Exit(status)
	case syscall.SIGSYS:
		failure.killed = true
	}
	return failure
}

// notStarted tells whether the namespace was refused or its ids: both are one error.
func notStarted(err error) *entryFailure {
	if refused := tryNamespace(); refused != nil {
		return &entryFailure{stageClone, deny(refused)}
	}
	return &entryFailure{stageMap, deny(fmt.Errorf("mapping ids: %w", err))}
}

// settleIn maps the ids of the started process, lets it go on and hears what it found.
func settleIn(command *exec.Cmd, ids idMap, reports, ready *os.File) *entryFailure {
	if ids.programs {
		if denied := ids.runMapPrograms(command.Process.Pid); denied != nil {
			return &entryFailure{stageMap, denied}
		}
		// Who began with ids does not wait, and may have closed its end.
		if _, err := ready.Write([]byte{1}); err != nil {
			return &entryFailure{stageMounts, deny(err)}
		}
	}
	_ = reports.SetReadDeadline(time.Now().Add(arrivalPatience))
	text, err := io.ReadAll(reports)
	var found report
	if err != nil || json.Unmarshal(text, &found) != nil {
		return &entryFailure{stageMounts, &denial{text: "the program did not come up in its user namespace"}}
	}
	if found.Text != "" {
		return &entryFailure{stageMounts, &denial{text: found.Text, code: syscall.Errno(found.Code)}}
	}
	return nil
}

// pass hands signals on to the process until none come any more.
func pass(signals <-chan os.Signal, process *os.Process) {
	for received := range signals {
		_ = process.Signal(received)
	}
}

// exitStatus waits for the end and tells it as a shell does.
func exitStatus(command *exec.Cmd) int {
	_ = command.Wait()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return command.ProcessState.ExitCode()
}

// mapped is what the kernel maps before the started program begins. So it is root from its first moment, also where
// no_new_privs keeps it from becoming so later.
func (m idMap) mapped(attributes *syscall.SysProcAttr) {
	if m.programs {
		return
	}
	attributes.UidMappings, attributes.GidMappings = forKernel(m.uids), forKernel(m.gids)
	attributes.GidMappingsEnableSetgroups = !m.single()
}

func forKernel(ranges []Range) []syscall.SysProcIDMap {
	mapped := make([]syscall.SysProcIDMap, 0, len(ranges))
	for _, part := range ranges {
		mapped = append(mapped, syscall.SysProcIDMap{ContainerID: int(part.Inside), HostID: int(part.Outside), Size: int(part.Count)})
	}
	return mapped
}

// runMapPrograms maps the ids of the user namespace of a process.
func (m idMap) runMapPrograms(pid int) *denial {
	if denied := runMapProgram("newgidmap", pid, m.gids); denied != nil {
		return denied
	}
	return runMapProgram("newuidmap", pid, m.uids)
}

func runMapProgram(name string, pid int, ranges []Range) *denial {
	arguments := []string{fmt.Sprint(pid)}
	for _, part := range ranges {
		arguments = append(arguments, strings.Fields(part.String())...)
	}
	command := exec.Command(name, arguments...)
	// Without it /dev/null would be opened, which a small root may not have.
	command.Stdin = os.Stdin
	output, err := command.CombinedOutput()
	if err == nil {
		return nil
	}
	said := strings.Join(strings.Fields(string(output)), " ")
	return &denial{text: strings.TrimSuffix(fmt.Sprintf("%s failed (%v): %s", name, err, said), ": "), output: said}
}

// arrive is the begin of a program that enter has started; false: it was started otherwise.
func arrive() bool {
	text, found := os.LookupEnv(entryVariable)
	if !found {
		return false
	}
	var told entry
	if json.Unmarshal([]byte(text), &told) != nil {
		return false
	}
	_ = os.Unsetenv(entryVariable)
	if !told.Mapped {
		becomeMapped(told)
	}
	_ = unix.Close(told.Ready)
	dieWith(told.Parent)
	outcome := os.NewFile(uintptr(told.Report), "outcome")
	unix.CloseOnExec(told.Report)
	defer outcome.Close()
	err := keepFromHost()
	if err == nil {
		err = tryMounts()
	}
	var answer report
	if denied := deny(err); denied != nil {
		answer = report{Text: denied.text, Code: int(denied.code)}
	}
	_ = json.NewEncoder(outcome).Encode(answer)
	if err != nil {
		os.Exit(1)
	}
	return true
}

// becomeMapped waits for the ids and starts the program once more: only then is it root of its namespace.
func becomeMapped(told entry) {
	ready := os.NewFile(uintptr(told.Ready), "ready")
	if count, _ := ready.Read(make([]byte, 1)); count != 1 {
		os.Exit(1)
	}
	told.Mapped = true
	text, _ := json.Marshal(told)
	_ = syscall.Exec(self(), os.Args, append(os.Environ(), entryVariable+"="+string(text)))
	os.Exit(1)
}

// dieWith makes the kernel kill this process when the one that started it is gone. Becoming root has undone that.
func dieWith(parent int) {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0, 0, 0)
	if os.Getppid() != parent {
		os.Exit(1)
	}
}
