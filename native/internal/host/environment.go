package host

import (
	"os"
	"path"
	"strconv"
	"strings"
)

// Place is the kind of surroundings that a program runs in: it decides who can change what.
type Place string

// The places that are told apart.
const (
	OnHost          Place = "host"
	InDocker        Place = "docker"
	InPodman        Place = "podman"
	InContainer     Place = "container"
	InKubernetes    Place = "kubernetes"
	InGitLabDocker  Place = "gitlab-docker"
	InGitLabCluster Place = "gitlab-kubernetes"
	InGitHub        Place = "github"
	InTekton        Place = "tekton"
	OnWSL1          Place = "wsl1"
	OnWSL2          Place = "wsl2"
)

// Files that tell of containers.
const (
	clusterAccount = "/var/run/secrets/kubernetes.io/serviceaccount"
	podmanMark     = "/run/.containerenv"
	dockerMark     = "/.dockerenv"
	// podMark is where the kubelet reads why a container ended; its runtime makes it in each.
	podMark = "/dev/termination-log"
)

// Environment is where this process runs.
type Environment struct {
	Place Place
	// Family is how packages are installed: debian, fedora, alpine, arch, suse; empty: unknown.
	Family string
	// Profile is the AppArmor profile of a container; empty: none.
	Profile string
	// UID is that of this process.
	UID int
}

// Contained says whether the place is a container.
func (e Environment) Contained() bool {
	return e.Place != OnHost && e.Place != OnWSL1 && e.Place != OnWSL2
}

// InCluster says whether the container is one of Kubernetes.
func (e Environment) InCluster() bool {
	return e.Place == InKubernetes || e.Place == InTekton || e.Place == InGitLabCluster
}

// Surroundings finds out where this process runs, by files below root and by environment variables.
func Surroundings(root Root, variable func(string) string) Environment {
	return Environment{Place: placeOf(root, variable), Family: root.family(), Profile: root.profile(), UID: root.uid()}
}

// SurroundingsOutside are those of the account that made the user namespace which this process has entered; in none, its own.
func SurroundingsOutside() Environment {
	at := Surroundings("/", os.Getenv)
	if outside, err := strconv.Atoi(os.Getenv("_CONTAINERS_ROOTLESS_UID")); err == nil {
		at.UID = outside
	}
	return at
}

func placeOf(root Root, variable func(string) string) Place {
	engine, contained := root.container(variable)
	gitlab := variable("GITLAB_CI") == "true"
	cluster := root.exists(clusterAccount) || variable("KUBERNETES_SERVICE_HOST") != "" && (contained || !root.onHost())
	switch {
	case cluster && gitlab:
		return InGitLabCluster
	case cluster && (root.exists("/tekton") || strings.HasPrefix(variable("HOME"), "/tekton/")):
		return InTekton
	case cluster:
		return InKubernetes
	case contained && gitlab:
		return InGitLabDocker
	case contained && variable("GITHUB_ACTIONS") == "true":
		return InGitHub
	case contained:
		return engine
	}
	return root.windows()
}

// container tells which engine made the container that this process is in.
func (r Root) container(variable func(string) string) (Place, bool) {
	groups := r.read("/proc/self/cgroup") + r.read("/proc/1/cgroup")
	switch {
	case r.exists(podmanMark), strings.Contains(groups, "libpod"):
		return InPodman, true
	// The file alone may be a leftover on a host: there the root is a whole disk.
	case r.exists(dockerMark) && !r.rootIsDisk(), strings.Contains(groups, "docker"):
		return InDocker, true
	case variable("WERF_CONTAINERIZED") == "yes", strings.Contains(groups, "kubepods"),
		strings.Contains(groups, "containerd"), strings.Contains(groups, "/lxc"):
		return InContainer, true
	}
	return OnHost, false
}

// onHost says whether this looks like a host although variables of a cluster are set, which may have been copied from a pod.
func (r Root) onHost() bool {
	return r.exists("/proc/self/mountinfo") && r.rootIsDisk() && !r.exists(podMark)
}

// rootIsDisk says whether the root directory is that of a block device's file system, as on hosts.
func (r Root) rootIsDisk() bool {
	for line := range strings.Lines(r.read("/proc/self/mountinfo")) {
		before, after, _ := strings.Cut(line, " - ")
		fields, source := strings.Fields(before), strings.Fields(after)
		if len(fields) > 4 && len(source) > 1 && fields[4] == "/" {
			return fields[3] == "/" && strings.HasPrefix(source[1], "/dev/")
		}
	}
	// Nothing is known without /proc, and the machine's own root is likelier than a container without it.
	return !r.exists("/proc/self/mountinfo")
}

// windows tells hosts below Windows from others.
func (r Root) windows() Place {
	release := r.read("/proc/sys/kernel/osrelease")
	switch {
	case strings.Contains(release, "WSL2"), strings.Contains(release, "microsoft-standard"):
		return OnWSL2
	case strings.Contains(release, "Microsoft"):
		return OnWSL1
	}
	return OnHost
}

// family reads which distribution this is.
func (r Root) family() string {
	text := r.read("/etc/os-release")
	if text == "" {
		text = r.read("/usr/lib/os-release")
	}
	ids := ""
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name == "ID" || name == "ID_LIKE" {
			ids += " " + strings.Trim(value, `"'`)
		}
	}
	for _, id := range strings.Fields(ids) {
		for family, pattern := range families {
			for _, known := range strings.Fields(pattern) {
				if match, err := path.Match(known, id); err == nil && match {
					return family
				}
			}
		}
	}
	return ""
}

// families are the values of ID and ID_LIKE of distributions that install packages in the same way.
var families = map[string]string{
	"debian": "debian ubuntu",
	"fedora": "fedora rhel centos rocky almalinux amzn ol",
	"alpine": "alpine",
	"arch":   "arch archlinux manjaro",
	"suse":   "suse sles opensuse*",
}

// uid is the effective one of this process.
func (r Root) uid() int {
	if fields := strings.Fields(r.status("Uid")); len(fields) > 1 {
		if uid, err := strconv.Atoi(fields[1]); err == nil {
			return uid
		}
	}
	return os.Geteuid()
}

// placeNames are the places as people call them.
var placeNames = map[Place]string{
	OnHost: "a host", InDocker: "a Docker container", InPodman: "a Podman container", InContainer: "a container",
	InKubernetes: "a Kubernetes pod", InGitLabDocker: "a job of GitLab's Docker executor", InGitLabCluster: "a job of GitLab's Kubernetes executor",
	InGitHub: "a container job of GitHub Actions", InTekton: "a Tekton task", OnWSL1: "WSL1", OnWSL2: "WSL2",
}

// String is the place as people call it.
func (e Environment) String() string { return placeNames[e.Place] }
