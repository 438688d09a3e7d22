package layer

import (
	"archive/tar"
	"errors"
	"fmt"
	"maps"
	"strings"

	"golang.org/x/sys/unix"
)

// attributeRecord begins the name of an extended attribute in a tar.
const attributeRecord = "SCHILY.xattr."

// ownAttributes belong to the storage drivers and say nothing about the file.
var ownAttributes = []string{"user.overlay.", "user.fuseoverlayfs.", "user.containers.", "user.rootlesscontainers"}

// isKept says whether an extended attribute is part of a layer.
func isKept(name string) bool {
	for _, prefix := range ownAttributes {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return name == "security.capability" || name == "security.ima" || strings.HasPrefix(name, "user.")
}

// attributed is a file whose attributes are asked for: byPath, or a plainFile that is open.
type attributed interface {
	list(to []byte) (int, error)
	get(name string, to []byte) (int, error)
}

// byPath is a file that is not open. A link is not followed.
type byPath string

func (p byPath) list(to []byte) (int, error)             { return unix.Llistxattr(string(p), to) }
func (p byPath) get(name string, to []byte) (int, error) { return unix.Lgetxattr(string(p), name, to) }

func (f plainFile) list(to []byte) (int, error)             { return unix.Flistxattr(int(f), to) }
func (f plainFile) get(name string, to []byte) (int, error) { return unix.Fgetxattr(int(f), name, to) }

// attributes are those of a file in its image.
func (n *Node) attributes() (map[string]string, error) {
	found, err := attributes(n.attributed())
	if err != nil || len(n.extra) == 0 {
		return found, err
	}
	if found == nil {
		found = map[string]string{}
	}
	maps.Copy(found, n.extra)
	return found, nil
}

// attributes reads the extended attributes of a file that belong into a layer; nil where there are none.
func attributes(of attributed) (map[string]string, error) {
	buffer := make([]byte, 1024)
	size, err := of.list(buffer)
	if errors.Is(err, unix.ERANGE) {
		if size, err = of.list(nil); err == nil {
			buffer = make([]byte, size)
			size, err = of.list(buffer)
		}
	}
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing extended attributes: %w", err)
	}
	if size == 0 {
		return nil, nil
	}
	var found map[string]string
	for _, name := range strings.Split(strings.TrimSuffix(string(buffer[:size]), "\x00"), "\x00") {
		if !isKept(name) {
			continue
		}
		value, err := attribute(of, name)
		if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the extended attribute %s: %w", name, err)
		}
		if found == nil {
			found = map[string]string{}
		}
		found[name] = value
	}
	return found, nil
}

func attribute(of attributed, name string) (string, error) {
	for {
		size, err := of.get(name, nil)
		if err != nil {
			return "", err
		}
		buffer := make([]byte, size+1)
		size, err = of.get(name, buffer)
		if errors.Is(err, unix.ERANGE) {
			continue
		}
		if err != nil {
			return "", err
		}
		return string(buffer[:size]), nil
	}
}

// attributesOf are those of a tar entry.
func attributesOf(header *tar.Header) map[string]string {
	var found map[string]string
	for record, value := range header.PAXRecords {
		if name, is := strings.CutPrefix(record, attributeRecord); is && isKept(name) {
			if found == nil {
				found = map[string]string{}
			}
			found[name] = value
		}
	}
	return found
}
