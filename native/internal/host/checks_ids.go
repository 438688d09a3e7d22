package host

import "fmt"

func (x examination) mapPrograms() Check {
	const id, title = "newuidmap", "newuidmap and newgidmap"
	if x.asRoot() {
		return good(id, title, "not needed by root")
	}
	for _, name := range mapPrograms {
		if x.program(name) == "" {
			return bad(Limited, id, title, name+" is not installed", x.at.Fixes(MapProgramMissing, name)...)
		}
	}
	weak := x.weakPrograms()
	obstacle := x.obstacle(NoSubordinateIDs)
	switch {
	case weak != nil:
		check := bad(Limited, id, title, "without the rights to map ids", weak.Fixes()...)
		check.Error = weak.Message
		return check
	case obstacle != nil && aboutMapping[obstacle.Cause]:
		return byObstacle(Limited, id, title, obstacle)
	}
	return good(id, title, x.program("newuidmap"))
}

// aboutMapping are causes that have to do with the programs, not with ranges.
var aboutMapping = map[Cause]bool{MapProgramRefuses: true, MapProgramBounded: true, NoNewPrivileges: true}

// weakPrograms says why newuidmap or newgidmap have no power. In a user namespace it was found out before.
func (x examination) weakPrograms() *Obstacle {
	if x.ground.Outside != nil {
		return x.ground.Outside.MapPrograms
	}
	found := func(name string) string { return x.root.path(x.program(name)) }
	return (&ladder{root: x.root, at: x.at}).weakPrograms(found, nil)
}

func (x examination) subordinates() Check {
	const id, title = "subordinate-ids", "ranges of ids in /etc/subuid and /etc/subgid"
	if x.asRoot() {
		if obstacle := x.obstacle(NoSubordinateIDs); obstacle != nil {
			return byObstacle(Limited, id, title, obstacle)
		}
		return good(id, title, "not needed by root")
	}
	if obstacle := x.obstacle(NoSubordinateIDs); obstacle != nil && obstacle.Cause == Nameless {
		return byObstacle(Limited, id, title, obstacle)
	}
	uids, gids := x.root.subordinates(x.who)
	lacks := (&ladder{root: x.root, at: x.at}).lackingRanges(x.who, uids, gids)
	if lacks != nil {
		return bad(Limited, id, title, lacks.Message+": files of other owners need them", x.at.Fixes(lacks.Cause, x.who.label())...)
	}
	return good(id, title, fmt.Sprintf("%d users and %d groups of %s", total(uids), total(gids), x.who.label()))
}
