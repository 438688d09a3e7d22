package isolation

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/sys/capability"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// rootedJob is what the process that becomes the command is told.
type rootedJob struct {
	// Mounted: mounts are made in a mount namespace. Else they lie in the tree already.
	Mounted bool
	// Single: ids cannot be taken on, they are played.
	Single       bool
	Root, Dir    string
	Args, Env    []string
	UID, GID     uint32
	Groups       []uint32
	Hostname     string
	Mounts       []specs.Mount
	Limits       []resourceLimit
	Capabilities uint64
	// Ledger is the path of the ledger that the supervisor keeps; empty: nothing is followed.
	Ledger string
	// Terminal says that the supervisor has a terminal for the command, after the job.
	Terminal bool
}

type resourceLimit struct {
	Name     string
	Resource int
	Value    unix.Rlimit
}

// resources are the numbers of limits, by the names that package host gives them.
var resources = map[string]int{
	"core": unix.RLIMIT_CORE, "cpu": unix.RLIMIT_CPU, "data": unix.RLIMIT_DATA, "fsize": unix.RLIMIT_FSIZE,
	"locks": unix.RLIMIT_LOCKS, "memlock": unix.RLIMIT_MEMLOCK, "msgqueue": unix.RLIMIT_MSGQUEUE, "nice": unix.RLIMIT_NICE,
	"nofile": unix.RLIMIT_NOFILE, "nproc": unix.RLIMIT_NPROC, "rss": unix.RLIMIT_RSS, "rtprio": unix.RLIMIT_RTPRIO,
	"rttime": unix.RLIMIT_RTTIME, "sigpending": unix.RLIMIT_SIGPENDING, "stack": unix.RLIMIT_STACK,
}

func (r rooted) job(command Command) (rootedJob, error) {
	job := rootedJob{
		Mounted: r.mounted, Single: r.single, Root: command.Root, Dir: command.Dir, Args: command.Args, Env: command.environment(),
		UID: command.UID, GID: command.GID, Groups: command.Groups, Hostname: command.Hostname, Ledger: command.Ledger,
		Terminal: command.Terminal != nil,
	}
	if r.mounted {
		job.Mounts = withoutMovable(command.Mounts)
	}
	for _, limit := range command.Limits {
		resource, known := resources[limit.Name]
		if !known {
			return job, fmt.Errorf("the limit %s is not known", limit.Name)
		}
		job.Limits = append(job.Limits, resourceLimit{
			Name: limit.Name, Resource: resource, Value: unix.Rlimit{Cur: uint64(limit.Soft), Max: uint64(limit.Hard)},
		})
	}
	for _, name := range command.Capabilities {
		number, known := capabilityNumber(name)
		if !known {
			return job, fmt.Errorf("the capability %s is not known", name)
		}
		job.Capabilities |= 1 << number
	}
	return job, nil
}

func capabilityNumber(name string) (capability.Cap, bool) {
	for _, known := range capability.ListKnown() {
		if name == "CAP_"+strings.ToUpper(known.String()) {
			return known, true
		}
	}
	return 0, false
}

// maskOf is a set of capabilities as the kernel prints it, without those that are not known.
func maskOf(names []string) (mask uint64) {
	for _, name := range names {
		if number, known := capabilityNumber(name); known {
			mask |= 1 << number
		}
	}
	return mask
}

// jobPipe is the descriptor that a job is read from.
const jobPipe = 3

func readJob() (job rootedJob, err error) {
	pipe := os.NewFile(jobPipe, "job")
	defer pipe.Close()
	if err := json.NewDecoder(pipe).Decode(&job); err != nil {
		return job, fmt.Errorf("reading what to run: %w", err)
	}
	return job, nil
}
