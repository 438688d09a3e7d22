package follow

import "slices"

// ids are the user or the group ids of a process.
type ids struct{ real, effective, saved, fs uint32 }

// identity is who a process believes to be. It is not changed once it is given to a process.
type identity struct {
	user, group  ids
	groups       []uint32
	capabilities capabilities
}

func allOf(id uint32) ids { return ids{id, id, id, id} }

func (i identity) same(other *identity) bool {
	return i.user == other.user && i.group == other.group && i.capabilities == other.capabilities && slices.Equal(i.groups, other.groups)
}

// withUser is the identity with other user ids, and what that does to its capabilities.
func (i identity) withUser(user ids) identity {
	i.capabilities = i.capabilities.after(i.user, user)
	i.user = user
	return i
}

func (i ids) has(id uint32) bool { return id == i.real || id == i.effective || id == i.saved }

// set is setuid and setgid.
func (i ids) set(id uint32, privileged bool) (ids, bool) {
	if privileged {
		return allOf(id), true
	}
	if id != i.real && id != i.saved {
		return i, false
	}
	i.effective, i.fs = id, id
	return i, true
}

// setRealEffective is setreuid and setregid.
func (i ids) setRealEffective(realID, effective uint32, privileged bool) (ids, bool) {
	old := i
	if realID != unchanged {
		if !privileged && realID != old.real && realID != old.effective {
			return old, false
		}
		i.real = realID
	}
	if effective != unchanged {
		if !privileged && !old.has(effective) {
			return old, false
		}
		i.effective = effective
	}
	if realID != unchanged || effective != unchanged && effective != old.real {
		i.saved = i.effective
	}
	i.fs = i.effective
	return i, true
}

// setAll is setresuid and setresgid.
func (i ids) setAll(realID, effective, saved uint32, privileged bool) (ids, bool) {
	old := i
	for _, change := range []struct {
		to uint32
		at *uint32
	}{{realID, &i.real}, {effective, &i.effective}, {saved, &i.saved}} {
		if change.to == unchanged {
			continue
		}
		if !privileged && !old.has(change.to) {
			return old, false
		}
		*change.at = change.to
	}
	i.fs = i.effective
	return i, true
}

// setFS is setfsuid and setfsgid, which tell nobody that they refuse.
func (i ids) setFS(id uint32, privileged bool) ids {
	if id != unchanged && (privileged || i.has(id) || id == i.fs) {
		i.fs = id
	}
	return i
}

// executing is who the process is once it has executed a file that gives these ids.
func (i identity) executing(user, group uint32) identity {
	i.capabilities = capabilities{}
	if user == 0 || i.user.real == 0 {
		i.capabilities = allCapabilities
	}
	i.user.effective, i.group.effective = user, group
	i.user.saved, i.user.fs = user, user
	i.group.saved, i.group.fs = group, group
	return i
}
