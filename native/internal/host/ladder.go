package host

import (
	"fmt"
	"os"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Enter moves this process as high as trials show to be possible, and may start the program again for that. It returns
// once there. The environment that it is given makes the variables of a program in a user namespace, from the ids of
// who made the namespace.
func Enter(environment func(uid, gid int) []string) Ground {
	arrived := arrive()
	if ground, found := carriedGround(); found || arrived {
		return ground
	}
	climb := ladder{root: "/", at: Surroundings("/", os.Getenv), environment: environment}
	if os.Geteuid() == 0 {
		return climb.root0()
	}
	return climb.user()
}

// ladder is one way down, from the highest standing to the one that works.
type ladder struct {
	root        Root
	at          Environment
	environment func(uid, gid int) []string
	obstacles   []Obstacle
	// probed are answers to trials that were made beforehand.
	probed map[string]*denial
}

// note keeps an obstacle, unless it was in the way before.
func (l *ladder) note(obstacle Obstacle) {
	if !slices.Contains(l.obstacles, obstacle) {
		l.obstacles = append(l.obstacles, obstacle)
	}
}

func (l *ladder) ground(standing Standing) Ground {
	return Ground{Standing: standing, Obstacles: l.obstacles}
}

// groundWithin is that of a program in a user namespace.
func (l *ladder) groundWithin(standing Standing) Ground {
	ground := l.ground(standing)
	ground.Outside = &Outside{
		UID: os.Geteuid(), GID: os.Getegid(), MaxNamespaces: l.root.read("/proc/sys/user/max_user_namespaces"),
		MapPrograms: l.weakPrograms(inPath, nil),
	}
	return ground
}

// probeFirst makes trials beforehand where a filter may kill who asks.
func (l *ladder) probeFirst(names ...string) {
	if filtered() {
		l.probed = probe(names...)
	}
}

// root0 is the way of root: as it is, in a user namespace with the ids it has, with chroot alone.
func (l *ladder) root0() Ground {
	l.probeFirst("mounts", "namespace", "plain")
	uids, gids := l.root.Mapped("uid_map"), l.root.Mapped("gid_map")
	stay := l.stay(uids, gids)
	// A container need not have CAP_SYS_ADMIN: a user namespace gives as much, and is asked for first.
	if stay.Cause != CapabilitiesMissing {
		l.note(*stay)
	}
	l.note(*l.namespaceOfRoot(uids, gids))
	if stay.Cause == CapabilitiesMissing {
		l.note(*stay)
	}
	if obstacle := l.plain(); obstacle != nil {
		l.note(*obstacle)
		return l.ground(Bare)
	}
	if !l.root.exists("/proc/self/status") {
		l.note(l.noProc())
		return l.ground(Bare)
	}
	return l.ground(Plain)
}

// stay is for root with CAP_SYS_ADMIN. The program starts again in a mount namespace; it returns only where that fails.
func (l *ladder) stay(uids, gids []Range) *Obstacle {
	if missing := missingCapabilities(unix.CAP_SYS_ADMIN, unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER, unix.CAP_SETUID,
		unix.CAP_SETGID, unix.CAP_SYS_CHROOT); len(missing) > 0 {
		return l.lacks(missing)
	}
	if denied := l.probed["mounts"]; denied != nil {
		return l.noMounts(denied)
	}
	return l.noMounts(deny(inOwnMounts(func() error {
		standing, variables := l.standingOfRoot(uids, gids)
		ground := l.ground(standing)
		// Libraries start this program again by /proc.
		ground.OwnProc = !l.root.exists("/proc/self") && unix.Mount("proc", "/proc", "proc", 0, "") == nil
		err := syscall.Exec(self(), os.Args, append(append(os.Environ(), variables...), ground.assignment()))
		return fmt.Errorf("starting again in a mount namespace: %w", err)
	})))
}

// standingOfRoot tells what a root that may mount is: it may be that of a user namespace which somebody else made.
func (l *ladder) standingOfRoot(uids, gids []Range) (Standing, []string) {
	few := min(total(uids), total(gids))
	switch {
	case len(uids) > 0 && few < leastIDs:
		l.note(l.fewIDs(few))
		if os.Getenv("_CONTAINERS_ROOTLESS_UID") != "" {
			return SingleID, nil
		}
		return SingleID, l.environment(int(uids[0].Outside), int(gids[0].Outside))
	case os.Getenv("_CONTAINERS_ROOTLESS_UID") != "":
		return InNamespace, nil
	}
	return AsRoot, nil
}

// namespaceOfRoot tries a user namespace that has the ids of this process, and one of a single id below it.
func (l *ladder) namespaceOfRoot(uids, gids []Range) *Obstacle {
	if len(uids) == 0 || len(gids) == 0 {
		obstacle := l.noProc()
		return &obstacle
	}
	if denied := l.probed["namespace"]; denied != nil {
		return l.because(entryFailure{stageClone, denied}, "")
	}
	ids := idMap{uids: identical(uids), gids: identical(gids)}
	standing := InNamespace
	if min(total(uids), total(gids)) < leastIDs {
		standing = SingleID
	}
	failure := enter(ids, l.groundWithin(standing), l.environment(0, 0))
	obstacle := l.because(*failure, "")
	if failure.stage != stageMap {
		return obstacle
	}
	l.note(*obstacle)
	return l.single(0, 0)
}

// plain tries what is left to root without namespaces and mounts.
func (l *ladder) plain() *Obstacle {
	answers := l.probed
	if answers == nil {
		answers = probe("plain")
	}
	denied := answers["plain"]
	if denied == nil {
		return nil
	}
	return l.notPlain(denied)
}

// user is the way of everybody else: a user namespace with ranges of ids, with a single id, nothing.
func (l *ladder) user() Ground {
	if !l.root.exists("/proc/self/ns/user") && !l.root.exists("/proc/self/status") {
		l.note(l.noProc())
		return l.ground(Bare)
	}
	l.probeFirst("namespace")
	if denied := l.probed["namespace"]; denied != nil {
		l.note(*l.because(entryFailure{stageClone, denied}, ""))
		return l.ground(Bare)
	}
	uid, gid := os.Geteuid(), os.Getegid()
	obstacle, final := l.withRanges(uid, gid)
	l.note(*obstacle)
	if final {
		return l.ground(Bare)
	}
	// What refuses a namespace of one id is in the way of the ranges, too.
	obstacles := l.obstacles
	l.obstacles = append([]Obstacle{*l.single(uid, gid)}, obstacles...)
	return l.ground(Bare)
}

// withRanges tries a user namespace with the ranges of the account; final: no other namespace can work either.
func (l *ladder) withRanges(uid, gid int) (obstacle *Obstacle, final bool) {
	who := l.root.accountOf(uid, gid, os.Getenv("USER"))
	uids, gids := l.root.subordinates(who)
	if missing := l.missingRanges(who, uids, gids); missing != nil {
		return missing, false
	}
	ids := idMap{uids: fromZero(uid, uids), gids: fromZero(gid, gids), programs: true}
	failure := enter(ids, l.groundWithin(InNamespace), l.environment(uid, gid))
	return l.because(*failure, who.label()), failure.stage != stageMap
}

// single tries a user namespace of one id.
func (l *ladder) single(uid, gid int) *Obstacle {
	ids := idMap{
		uids: []Range{{Inside: 0, Outside: int64(uid), Count: 1}},
		gids: []Range{{Inside: 0, Outside: int64(gid), Count: 1}},
	}
	return l.because(*enter(ids, l.groundWithin(SingleID), l.environment(uid, gid)), "")
}
