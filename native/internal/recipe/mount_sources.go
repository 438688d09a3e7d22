package recipe

import (
	"context"
	"errors"
	"slices"
)

// mountSources finds or makes what mounts show: for each a path on the disk, empty for what lies in memory alone. release
// is never nil; it takes back what was made, when the command has ended or could not be started.
func (s *stage) mountSources(ctx context.Context, mounts []Mount) (paths []string, release func() error, err error) {
	var undo []func() error
	release = func() error {
		var failed error
		for _, one := range slices.Backward(undo) {
			failed = errors.Join(failed, one())
		}
		return failed
	}
	caches, done, err := s.holdCaches(ctx, mounts)
	undo = append(undo, done)
	if err != nil {
		return nil, release, err
	}
	for i, wanted := range mounts {
		source, back, err := caches[i], (func() error)(nil), error(nil)
		switch {
		case wanted.Cache != nil:
		case wanted.Secret != nil:
			source, back, err = s.secretFile(*wanted.Secret)
		case wanted.Agent != nil:
			source, back, err = s.agentSocket(*wanted.Agent)
		default:
			source, back, err = s.mountSource(wanted)
		}
		if back != nil {
			undo = append(undo, back)
		}
		if err != nil {
			return nil, release, err
		}
		paths = append(paths, source)
	}
	return paths, release, nil
}

// mountOptions are those of what is made for a mount; nil: it is nothing of that kind.
func (m Mount) mountOptions() []string {
	switch {
	case m.Secret != nil && m.Secret.Mode&0o111 == 0:
		return []string{"nosuid", "noexec"}
	case m.Secret != nil, m.Agent != nil:
		return []string{"nosuid"}
	case m.Cache != nil:
		return []string{movable}
	}
	return nil
}
