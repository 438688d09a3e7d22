package host

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// limitNames are the resource limits of run steps, by the names of `ulimit` options.
var limitNames = []struct {
	name     string
	resource int
}{
	{"core", unix.RLIMIT_CORE}, {"cpu", unix.RLIMIT_CPU}, {"data", unix.RLIMIT_DATA}, {"fsize", unix.RLIMIT_FSIZE},
	{"locks", unix.RLIMIT_LOCKS}, {"memlock", unix.RLIMIT_MEMLOCK}, {"msgqueue", unix.RLIMIT_MSGQUEUE},
	{"nice", unix.RLIMIT_NICE}, {"nofile", unix.RLIMIT_NOFILE}, {"nproc", unix.RLIMIT_NPROC}, {"rss", unix.RLIMIT_RSS},
	{"rtprio", unix.RLIMIT_RTPRIO}, {"rttime", unix.RLIMIT_RTTIME}, {"sigpending", unix.RLIMIT_SIGPENDING},
	{"stack", unix.RLIMIT_STACK},
}

// Limit is a resource limit in the units of setrlimit(2); -1 is unlimited.
type Limit struct {
	Name       string
	Soft, Hard int64
}

// String is the form `name:soft:hard`.
func (l Limit) String() string { return fmt.Sprintf("%s:%d:%d", l.Name, l.Soft, l.Hard) }

// Assignment is the form `name=soft:hard`, which Buildah reads.
func (l Limit) Assignment() string { return fmt.Sprintf("%s=%d:%d", l.Name, l.Soft, l.Hard) }

// Limits reads all limits of this process.
func Limits() ([]Limit, error) {
	limits := make([]Limit, 0, len(limitNames))
	for _, known := range limitNames {
		var value unix.Rlimit
		if err := unix.Getrlimit(known.resource, &value); err != nil {
			return nil, fmt.Errorf("reading the limit %s: %w", known.name, err)
		}
		limits = append(limits, Limit{Name: known.name, Soft: signed(value.Cur), Hard: signed(value.Max)})
	}
	return limits, nil
}

// ParseLimit reads `type:soft[:hard]`; a hard limit left out equals the soft one.
func ParseLimit(text string) (Limit, error) {
	fields := strings.Split(text, ":")
	if len(fields) < 2 || len(fields) > 3 {
		return Limit{}, fmt.Errorf("ulimit %q is not of the form type:soft[:hard]", text)
	}
	if !knownLimit(fields[0]) {
		return Limit{}, fmt.Errorf("ulimit %q: unknown type %q, known are %s", text, fields[0], strings.Join(LimitNames(), " "))
	}
	soft, err := parseAmount(text, fields[1])
	if err != nil {
		return Limit{}, err
	}
	hard := soft
	if len(fields) == 3 {
		if hard, err = parseAmount(text, fields[2]); err != nil {
			return Limit{}, err
		}
	}
	if exceeds(soft, hard) {
		return Limit{}, fmt.Errorf("ulimit %q: the soft limit is above the hard one", text)
	}
	return Limit{Name: fields[0], Soft: soft, Hard: hard}, nil
}

// CheckLimit says why this process cannot give its children the limit, or nil. Raising a hard limit needs CAP_SYS_RESOURCE.
func CheckLimit(limit Limit, present []Limit, mayRaise bool) error {
	for _, now := range present {
		if now.Name == limit.Name && exceeds(limit.Hard, now.Hard) && !mayRaise {
			at := SurroundingsOutside()
			return &Obstacle{
				Code:    LimitRefused,
				Message: fmt.Sprintf("ulimit %s: the hard limit is above this process's %d, raising it needs CAP_SYS_RESOURCE", limit, now.Hard),
				Remedy:  fmt.Sprintf("ask for at most %d in WERF_BUILDAH_ULIMIT", now.Hard) + between + at.raiseLimit(limit.Name, limit.Hard),
			}
		}
	}
	return nil
}

// raiseLimit is how a process gets a higher hard limit.
func (e Environment) raiseLimit(name string, value int64) string {
	if e.InCluster() {
		unit := map[string]string{"nofile": "LimitNOFILE", "nproc": "LimitNPROC", "core": "LimitCORE", "memlock": "LimitMEMLOCK"}[name]
		if unit != "" {
			return e.onMachine(fmt.Sprintf("`%s=%d` in the unit of the container engine (containerd.service)", unit, value))
		}
	}
	limit := change{
		option: fmt.Sprintf("--ulimit %s=%d", name, value), runner: fmt.Sprintf(`ulimit = { %s = "%d" }`, name, value),
	}
	own := fmt.Sprintf("`echo '%s hard %s %d' | sudo tee -a /etc/security/limits.conf` and log in anew", Root("/").accountOf(e.UID, 0, "").label(), name, value)
	return e.orOnHost(own, limit)[0]
}

// LimitNames lists the types of limits.
func LimitNames() []string {
	names := make([]string, 0, len(limitNames))
	for _, known := range limitNames {
		names = append(names, known.name)
	}
	return names
}

func knownLimit(name string) bool {
	for _, known := range limitNames {
		if known.name == name {
			return true
		}
	}
	return false
}

func parseAmount(text, amount string) (int64, error) {
	value, err := strconv.ParseInt(amount, 10, 64)
	if err != nil || value < -1 {
		return 0, fmt.Errorf("ulimit %q: %q is not a number of at least 0, nor -1 for unlimited", text, amount)
	}
	return value, nil
}

func exceeds(a, b int64) bool { return b != -1 && (a == -1 || a > b) }

func signed(value uint64) int64 {
	if value > 1<<63-1 {
		return -1
	}
	return int64(value)
}
