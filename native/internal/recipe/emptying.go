package recipe

import (
	"errors"
	"fmt"
	"path"

	"slipway.dev/engine/internal/layer"
)

// emptyAll plans that paths are directories which hold nothing.
func (m *making) emptyAll(draft *layer.Draft, step Empty) error {
	for _, name := range step.Paths {
		if err := m.emptyOne(draft, name); err != nil {
			return fmt.Errorf("emptying %s: %w", name, err)
		}
	}
	return nil
}

func (m *making) emptyOne(draft *layer.Draft, name string) error {
	p := &placing{making: m, draft: draft, mode: 0o755}
	canonical, err := p.reach(path.Clean("/" + name))
	if err != nil {
		return err
	}
	if canonical == "." {
		return errors.New("the whole image would be empty")
	}
	_, found, err := layer.Resolve(draft, canonical)
	if err != nil || found == nil {
		return err
	}
	held, err := draft.Names(found)
	if err != nil {
		return err
	}
	for _, one := range held {
		if err := draft.Remove(path.Join(canonical, one)); err != nil {
			return err
		}
	}
	return nil
}
