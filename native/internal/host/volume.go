package host

import (
	"fmt"
	"path/filepath"
)

// emptyDir is a volume that a pod has for itself.
type emptyDir struct {
	name, path string
	memory     bool
}

// mount is its entry in the container's volumeMounts.
func (v *emptyDir) mount() string { return fmt.Sprintf("{ name: %s, mountPath: %s }", v.name, v.path) }

// inPod is its entry in the pod's volumes.
func (v *emptyDir) inPod() string {
	medium := ""
	if v.memory {
		medium = " medium: Memory "
	}
	return fmt.Sprintf("{ name: %s, emptyDir: {%s} }", v.name, medium)
}

// inRunner is its table in config.toml of GitLab's runner.
func (v *emptyDir) inRunner() string {
	medium := ""
	if v.memory {
		medium = ", `medium = \"Memory\"`"
	}
	return fmt.Sprintf("below `[[runners.kubernetes.volumes.empty_dir]]` `name = %q`, `mount_path = %q`%s", v.name, v.path, medium)
}

func volumesOf(changes []change) []*emptyDir {
	var all []*emptyDir
	for _, one := range changes {
		if one.volume != nil {
			all = append(all, one.volume)
		}
	}
	return all
}

// storeVolume is the change that keeps the store of containers on a volume, by the directory of its layers.
func storeVolume(graphRoot string) change {
	place := volumePlace(graphRoot)
	return change{
		option: "--volume slipway-store:" + place, runner: fmt.Sprintf("volumes = [%q]", place),
		volume: &emptyDir{name: "store", path: place},
	}
}

// volumePlace is where a volume for the store goes: what the usual places have beside the layers is worth keeping, too.
func volumePlace(graphRoot string) string {
	directory := filepath.Dir(graphRoot)
	if filepath.Base(graphRoot) == "storage" && filepath.Base(directory) == "containers" {
		return directory
	}
	return graphRoot
}

// StoreVolume says how this container gets a volume for its store.
func (e Environment) StoreVolume(graphRoot string) string { return e.change(storeVolume(graphRoot)) }
