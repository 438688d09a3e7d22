package recipe

import (
	"fmt"
	"io/fs"
)

// Access is the owner and the mode of what is made for a mount.
type Access struct {
	UID, GID int
	Mode     fs.FileMode
}

// String tells all of it.
func (a Access) String() string { return fmt.Sprintf("%d:%d:%o", a.UID, a.GID, a.Mode) }
