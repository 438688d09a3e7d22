package host

import (
	"context"
	"os"
	"path/filepath"
)

// State is how good what a check found is.
type State string

// The states of checks.
const (
	OK State = "ok"
	// Limited works, but not as well as it could, or not in every way.
	Limited State = "limited"
	// Missing does not work.
	Missing State = "missing"
)

// Check is a line of `slipway doctor`.
type Check struct {
	ID    string
	Title string
	State State
	// Found is what is there.
	Found string
	// Error is what a trial said, where one failed.
	Error string
	// Fixes are ways to mend it, best first; empty where nothing needs mending.
	Fixes []string
}

// Site is what checks ask about besides the machine.
type Site struct {
	// Store is the directory of the store; it need not exist yet.
	Store string
	// Variable reads the environment.
	Variable func(string) string
	// Limits are those of the process.
	Limits []Limit
	// Asked is why the limits that were asked for cannot be given; nil: they can.
	Asked *Obstacle
}

// Checks goes through all that builds need of a host, in the order in which people should read it. What other rooms
// check comes behind.
func Checks(ctx context.Context, root Root, ground Ground, site Site, more ...func(context.Context) []Check) []Check {
	if site.Variable == nil {
		site.Variable = os.Getenv
	}
	look := newExamination(root, ground, site)
	checks := []Check{
		look.standing(),
		look.kernel(), look.overlay(), look.fuse(),
		look.namespaceSupport(), look.namespaceTrial(), look.namespaceClone(), look.namespaceAppArmor(), look.namespaceCount(),
		look.mapPrograms(), look.subordinates(),
		look.mountTrial(), look.network(),
		look.space(), look.storePlace(), look.temporary(), look.home(), look.runtimeDirectory(),
		look.proc(), look.cgroups(), look.devices(), look.descriptors(), look.sharedMemory(), look.git(),
		look.files(), look.asked(), look.seccomp(), look.privileges(), look.capabilities(), look.appArmor(), look.selinux(), look.windows(),
	}
	for _, others := range more {
		if ctx.Err() != nil {
			break
		}
		checks = append(checks, others(ctx)...)
	}
	return checks
}

// examination is one run of the checks.
type examination struct {
	root   Root
	ground Ground
	site   Site
	at     Environment
	// who is the account outside of a user namespace that was entered.
	who account
}

func newExamination(root Root, ground Ground, site Site) examination {
	at := Surroundings(root, site.Variable)
	gid := os.Getegid()
	if ground.Outside != nil {
		at.UID, gid = ground.Outside.UID, ground.Outside.GID
	}
	return examination{root: root, ground: ground, site: site, at: at, who: root.accountOf(at.UID, gid, site.Variable("USER"))}
}

// asRoot says whether the account is root: what is for users does not matter then.
func (x examination) asRoot() bool { return x.at.UID == 0 }

// obstacle finds the first obstacle of one of the codes.
func (x examination) obstacle(codes ...string) *Obstacle {
	for _, obstacle := range x.ground.Obstacles {
		for _, code := range codes {
			if obstacle.Code == code {
				return &obstacle
			}
		}
	}
	return nil
}

// good and bad make checks.
func good(id, title, found string) Check {
	return Check{ID: id, Title: title, State: OK, Found: found}
}

// withError adds what a trial said.
func (c Check) withError(err error) Check {
	c.Error = err.Error()
	return c
}

func bad(state State, id, title, found string, fixes ...string) Check {
	return Check{ID: id, Title: title, State: state, Found: found, Fixes: fixes}
}

// byObstacle makes a check of what was in the way of the ladder. The obstacle is what a trial came upon.
func byObstacle(state State, id, title string, obstacle *Obstacle) Check {
	return Check{
		ID: id, Title: title, State: state, Found: "does not work here", Error: obstacle.Message, Fixes: obstacle.Fixes(),
	}
}

// program finds a program in the PATH below the root; empty: it is not there.
func (x examination) program(name string) string {
	for _, directory := range filepath.SplitList(x.site.Variable("PATH")) {
		path := filepath.Join(directory, name)
		if status, err := os.Stat(x.root.path(path)); err == nil && status.Mode().IsRegular() && status.Mode()&0o111 != 0 {
			return path
		}
	}
	return ""
}

// standingNames are what people read about standings.
var standingNames = map[Standing]string{
	AsRoot:      "root with mounts of its own",
	InNamespace: "a user namespace with ranges of ids",
	SingleID:    "a user namespace of one id",
	Plain:       "root with chroot alone",
	Bare:        "no way to run commands in an image",
}

func (x examination) standing() Check {
	const id, title = "standing", "what this process may do"
	found := standingNames[x.ground.Standing]
	state := Limited
	switch x.ground.Standing {
	case AsRoot, InNamespace:
		return good(id, title, found)
	case Bare, "":
		state = Missing
	}
	check := bad(state, id, title, found)
	check.Fixes = x.ground.Fixes()
	if reason := x.ground.Reason(); reason != nil {
		check.Error = reason.Message
	}
	return check
}
