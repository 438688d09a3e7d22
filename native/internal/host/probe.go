package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// NothingCommand is the argv[0] under which this program does nothing but the trials that are named behind it, and ends.
const NothingCommand = "slipway-nothing"

// probePatience is for trials whose thread a filter has killed: the process stays without it.
const probePatience = 3 * time.Second

// trials are what a process of its own can try, in this order: the last changes its root.
var trials = []struct {
	name string
	run  func() error
}{
	{"mounts", func() error { return inOwnMounts(func() error { return nil }) }},
	{"namespace", tryNamespace},
	{"plain", tryPlain},
}

// Nothing is the whole life of a process that was started as NothingCommand with the names of trials.
func Nothing(args []string) {
	for _, trial := range trials {
		for _, asked := range args {
			if asked != trial.name {
				continue
			}
			fmt.Printf("%s ", trial.name)
			err := trial.run()
			var code syscall.Errno
			errors.As(err, &code)
			fmt.Printf("%d %s\n", int(code), strings.ReplaceAll(fmt.Sprint(err), "\n", " "))
		}
	}
}

// denial is an answer to a trial: what was said, and the kernel's number for it if it was the kernel.
type denial struct {
	text   string
	code   syscall.Errno
	killed bool
	// output is what a program said.
	output string
}

func (d *denial) Error() string { return d.text }

// deny keeps an error as a denial.
func deny(err error) *denial {
	if err == nil {
		return nil
	}
	answer := &denial{text: err.Error()}
	errors.As(err, &answer.code)
	return answer
}

// probe runs trials in processes of their own, since a filter may kill who asks. Nil: it works.
func probe(names ...string) map[string]*denial {
	answers := map[string]*denial{}
	for left := names; len(left) > 0; {
		report := runProbe(left)
		done := 0
		for line := range strings.Lines(report) {
			name, rest, found := strings.Cut(strings.TrimSpace(line), " ")
			done++
			if !found {
				answers[name] = &denial{text: "the process that tried it was killed by SIGSYS", killed: true}
				break
			}
			answers[name] = parseAnswer(rest)
		}
		if done == 0 {
			for _, name := range left {
				answers[name] = &denial{text: "the trial did not start"}
			}
			return answers
		}
		left = left[min(done, len(left)):]
	}
	return answers
}

func parseAnswer(text string) *denial {
	number, sentence, _ := strings.Cut(text, " ")
	code, err := strconv.Atoi(number)
	if err == nil && code == 0 && sentence == "<nil>" {
		return nil
	}
	return &denial{text: sentence, code: syscall.Errno(code)}
}

func runProbe(names []string) string {
	ctx, stop := context.WithTimeout(context.Background(), probePatience)
	defer stop()
	command := exec.CommandContext(ctx, self())
	command.Args = append([]string{NothingCommand}, names...)
	// Without these /dev/null would be opened, which a small root may not have.
	command.Stdin, command.Stderr = os.Stdin, os.Stderr
	// Its end is told by the output alone: what it had begun is what it died of.
	report, _ := command.Output()
	return string(report)
}

// filtered says whether a seccomp filter watches this process.
func filtered() bool {
	mode, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err != nil || mode != 0
}
