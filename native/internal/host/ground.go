package host

import (
	"encoding/json"
	"os"
	"slices"
)

// Standing is what this process may do to build images.
type Standing string

// The standings, highest first.
const (
	// AsRoot has CAP_SYS_ADMIN and a mount namespace of its own.
	AsRoot Standing = "root"
	// InNamespace is in a user namespace with ranges of ids, which newuidmap mapped, or root its own.
	InNamespace Standing = "namespace"
	// SingleID is in a user namespace of one id.
	SingleID Standing = "single-id"
	// Plain is root with neither mounts nor namespaces; chroot and mknod work.
	Plain Standing = "plain"
	// Bare is none of these: nothing can be run in an image.
	Bare Standing = "bare"
)

// Ground is where this process stands, by trial.
type Ground struct {
	Standing Standing
	// Obstacles say why it stands no higher, highest standing first.
	Obstacles []Obstacle
	// Outside is what a user namespace hides from those in it. Nil: the program is in none that it entered.
	Outside *Outside `json:",omitempty"`
	// OwnProc says that there was no /proc, and this process has mounted one that only it sees.
	OwnProc bool `json:",omitempty"`
}

// Outside is what was so before a user namespace was entered.
type Outside struct {
	UID, GID int
	// MaxNamespaces is user.max_user_namespaces; a namespace has a limit of its own. Empty: unknown.
	MaxNamespaces string
	// MapPrograms says why newuidmap or newgidmap have no power. Nil: they have it, or are not there.
	MapPrograms *Obstacle `json:",omitempty"`
}

// Reason is what is in the way of more. Nil: nothing is known. Where nothing can be run, it is what would have to go first:
// that there is no /proc, for root what is in the way of chroot, for others of a user namespace.
func (g Ground) Reason() *Obstacle {
	if len(g.Obstacles) == 0 {
		return nil
	}
	last := &g.Obstacles[len(g.Obstacles)-1]
	for i := range g.Obstacles {
		if g.Standing == Bare && g.Obstacles[i].Code == NoProc {
			return &g.Obstacles[i]
		}
	}
	if g.Standing == Bare && last.Code != NoChroot && last.Code != NoMknod && last.Code != NoCapability {
		return &g.Obstacles[0]
	}
	return last
}

// Fixes are what would lift it, for each obstacle but those of some codes; none is told twice.
func (g Ground) Fixes(except ...string) []string {
	fixes := []string{}
	for _, obstacle := range g.Obstacles {
		if slices.Contains(except, obstacle.Code) {
			continue
		}
		for _, fix := range obstacle.Fixes() {
			if !slices.Contains(fixes, fix) {
				fixes = append(fixes, fix)
			}
		}
	}
	return fixes
}

// groundVariable carries the ground over a new start of the program, as JSON.
const groundVariable = "SLIPWAY_GROUND"

// assignment is the ground as an environment variable.
func (g Ground) assignment() string {
	text, err := json.Marshal(g)
	if err != nil {
		text = []byte("{}")
	}
	return groundVariable + "=" + string(text)
}

// carriedGround takes the ground that the program had before it started again out of the environment.
func carriedGround() (Ground, bool) {
	text, found := os.LookupEnv(groundVariable)
	if !found {
		return Ground{}, false
	}
	_ = os.Unsetenv(groundVariable)
	var ground Ground
	if json.Unmarshal([]byte(text), &ground) != nil || ground.Standing == "" {
		return Ground{}, false
	}
	return ground, true
}
