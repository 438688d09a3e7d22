package layer

import (
	"context"
	"errors"
	"io"
)

// WriteTo makes the planned changes in a file system that commands run in, the one that the draft was planned over. Nothing
// else may change it meanwhile.
func (d *Draft) WriteTo(ctx context.Context, room *Room) (err error) {
	held, err := d.hold()
	defer func() {
		for _, file := range held {
			err = errors.Join(err, file.Close())
		}
	}()
	if err != nil {
		return err
	}
	onto := &writer{root: room.Root, replace: true, beside: room.beside}
	for entry, err := range d.Entries() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = onto.write(entry)
		}
		if err != nil {
			return err
		}
	}
	return onto.finish()
}

// copyOf is an entry whose content is that of a file below.
type copyOf struct {
	entry *Entry
	node  *Node
	// from is the file's canonical name.
	from string
}

// hold opens files that are copied and are not there any more when the draft has been written.
func (d *Draft) hold() (held []io.Closer, err error) {
	for _, one := range d.copies {
		_, found, err := ResolveParent(d, one.from)
		there, _ := found.(*planned)
		if stays := err == nil && there != nil && there.entry == nil && there.node.path == one.node.path; stays || one.entry.Open == nil {
			continue
		}
		file, err := one.node.Open()
		if err != nil {
			return held, err
		}
		held = append(held, file)
		one.entry.Open = func() (io.ReadCloser, error) { return io.NopCloser(file), nil }
	}
	return held, nil
}
