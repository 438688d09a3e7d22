package host

import (
	"strings"
	"testing"
)

func TestSurroundingsAreRecognised(t *testing.T) {
	account := "/var/run/secrets/kubernetes.io/serviceaccount/"
	for name, c := range map[string]struct {
		files map[string]string
		set   map[string]string
		want  Place
	}{
		"a host":                       {map[string]string{"/proc/self/mountinfo": onDisk}, nil, OnHost},
		"a host with Docker's mark":    {map[string]string{"/proc/self/mountinfo": onDisk, dockerMark: ""}, nil, OnHost},
		"Docker":                       {map[string]string{"/proc/self/mountinfo": onOverlay, dockerMark: ""}, nil, InDocker},
		"Docker by its groups":         {map[string]string{"/proc/self/cgroup": "1:cpu:/docker/0123"}, nil, InDocker},
		"Podman":                       {map[string]string{podmanMark: ""}, nil, InPodman},
		"a container that says so":     {nil, map[string]string{"WERF_CONTAINERIZED": "yes"}, InContainer},
		"a pod":                        {map[string]string{account: ""}, map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, InKubernetes},
		"a pod without an account":     {map[string]string{"/proc/1/cgroup": "0::/kubepods/x"}, map[string]string{"KUBERNETES_SERVICE_HOST": "1"}, InKubernetes},
		"a host with kubectl's":        {map[string]string{"/proc/self/mountinfo": onDisk}, map[string]string{"KUBERNETES_SERVICE_HOST": "1"}, OnHost},
		"a pod without any file":       {map[string]string{"/proc/self/mountinfo": onOverlay}, map[string]string{"KUBERNETES_SERVICE_HOST": "1"}, InKubernetes},
		"a pod that sees no mounts":    {nil, map[string]string{"KUBERNETES_SERVICE_HOST": "1"}, InKubernetes},
		"a pod with a disk of its own": {map[string]string{"/proc/self/mountinfo": onDisk, podMark: ""}, map[string]string{"KUBERNETES_SERVICE_HOST": "1"}, InKubernetes},
		"GitLab without an account":    {map[string]string{"/proc/self/mountinfo": onOverlay}, map[string]string{"KUBERNETES_SERVICE_HOST": "1", "GITLAB_CI": "true"}, InGitLabCluster},
		"GitLab in Kubernetes":         {map[string]string{account: ""}, map[string]string{"GITLAB_CI": "true"}, InGitLabCluster},
		"GitLab in Docker":             {map[string]string{"/proc/self/mountinfo": onOverlay, dockerMark: ""}, map[string]string{"GITLAB_CI": "true"}, InGitLabDocker},
		"GitLab with a shell":          {map[string]string{"/proc/self/mountinfo": onDisk}, map[string]string{"GITLAB_CI": "true"}, OnHost},
		"a job's container at GitHub":  {map[string]string{"/proc/self/mountinfo": onOverlay, dockerMark: ""}, map[string]string{"GITHUB_ACTIONS": "true"}, InGitHub},
		"a job at GitHub":              {map[string]string{"/proc/self/mountinfo": onDisk}, map[string]string{"GITHUB_ACTIONS": "true"}, OnHost},
		"Tekton":                       {map[string]string{account: "", "/tekton/": ""}, nil, InTekton},
		"Windows, version 1":           {map[string]string{"/proc/sys/kernel/osrelease": "4.4.0-19041-Microsoft\n"}, nil, OnWSL1},
		"Windows, version 2":           {map[string]string{"/proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2\n"}, nil, OnWSL2},
		"Docker on Windows, version 2": {map[string]string{"/proc/self/mountinfo": onOverlay, dockerMark: "", "/proc/sys/kernel/osrelease": "5.15.153.1-microsoft-standard-WSL2\n"}, nil, InDocker},
	} {
		if got := Surroundings(fixture(t, c.files), variables(c.set)).Place; got != c.want {
			t.Errorf("%s: got %s, wanted %s", name, got, c.want)
		}
	}
}

func TestPackagesAreInstalledAsTheDistributionDoes(t *testing.T) {
	for release, want := range map[string]string{
		"ID=ubuntu\nID_LIKE=debian":                   "`sudo apt-get install -y uidmap`",
		`ID="rocky"` + "\n" + `ID_LIKE="rhel centos"`: "`sudo dnf install -y shadow-utils`",
		"ID=fedora": "`sudo dnf install -y shadow-utils`",
		"ID=alpine": "`sudo apk add shadow-uidmap`",
		"ID=arch":   "`sudo pacman -S shadow`",
		`ID="opensuse-leap"` + "\n" + `ID_LIKE="suse"`: "`sudo zypper install shadow`",
		"ID=other": "install the package uidmap",
	} {
		at := Surroundings(fixture(t, map[string]string{
			"/etc/os-release": release, "/proc/self/status": "Uid:\t1000\t1000\t1000\t1000\n", "/proc/self/mountinfo": onDisk,
		}), variables(nil))
		if got := at.Remedy(MapProgramMissing, "newuidmap"); got != want {
			t.Errorf("%s: got %s", release, got)
		}
	}
}

func TestEveryCauseHasARemedyInEveryPlace(t *testing.T) {
	causes := []Cause{
		NamespacesOff, NamespacesUsedUp, CloneOff, AppArmorNamespaces, AppArmorProfile, SELinux, SeccompRefuses, SeccompKills, ProcMissing,
		KernelWithout, Chrooted, NoNewPrivileges, MapProgramMissing, MapProgramPowerless, MapProgramBounded, MapProgramRefuses, Nameless, RangesMissing, RangesSmall,
		CapabilitiesMissing, DevicesUnusable, NoWritableDirectory, UnknownCause,
	}
	places := []Place{
		OnHost, InDocker, InPodman, InContainer, InKubernetes, InGitLabDocker, InGitLabCluster, InGitHub, InTekton, OnWSL1, OnWSL2,
	}
	for _, place := range places {
		for _, cause := range causes {
			for _, fix := range (Environment{Place: place, Profile: "docker-default", UID: 1000}).Fixes(cause, "MKNOD") {
				if len(fix) < 20 || strings.Contains(fix, "%!") || strings.Contains(fix, "{  }") || strings.Contains(fix, "``") || strings.Contains(fix, ", , ") {
					t.Errorf("%s, %s: %q", place, cause, fix)
				}
			}
		}
	}
}

func TestARemedyIsTheLineToWriteInThisEnvironment(t *testing.T) {
	for place, want := range map[Place]string{
		OnHost:          "`SystemCallFilter=`",
		InDocker:        "`docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …`",
		InPodman:        "`podman run --security-opt seccomp=unconfined",
		InKubernetes:    "`securityContext: { seccompProfile: { type: Unconfined }, appArmorProfile: { type: Unconfined } }`",
		InTekton:        "in the step of the Tekton task: `securityContext: { seccompProfile",
		InGitLabDocker:  "`security_opt = [\"seccomp:unconfined\", \"apparmor:unconfined\"]`",
		InGitLabCluster: "patch = '''containers: [{ name: build, securityContext: { seccompProfile: { type: Unconfined }",
		InGitHub:        "`container: { image: …, options: --security-opt seccomp=unconfined",
	} {
		at := Environment{Place: place, UID: 1000}
		if at.Contained() {
			at.Profile = "docker-default"
		}
		if got := at.Remedy(SeccompRefuses, ""); !strings.Contains(got, want) {
			t.Errorf("%s: got %s", place, got)
		}
	}
	for cause, want := range map[Cause]string{
		NamespacesOff: "`echo 'user.max_user_namespaces = 15000' | sudo tee -a /etc/sysctl.conf` then `sudo sysctl -p`",
		CloneOff:      "`echo 'kernel.unprivileged_userns_clone = 1' | sudo tee -a /etc/sysctl.conf` then `sudo sysctl -p`",
	} {
		if got := (Environment{Place: OnHost}).Remedy(cause, ""); got != want {
			t.Errorf("%s: got %s", cause, got)
		}
	}
	if got := (Environment{Place: InDocker, UID: 1000}).Remedy(SeccompRefuses, ""); !strings.Contains(got, "`docker run --user 0 …`") {
		t.Errorf("root is not offered: %s", got)
	}
	if got := (Environment{Place: OnWSL1}).Remedy(KernelWithout, ""); !strings.Contains(got, "wsl --set-version") {
		t.Errorf("got %s", got)
	}
}

func TestNewuidmapGetsFileCapabilitiesInContainers(t *testing.T) {
	for _, cause := range []Cause{MapProgramPowerless, MapProgramBounded} {
		got := (Environment{Place: InKubernetes, Family: "debian", UID: 1000}).Remedy(cause, "")
		if got != "in the image of the container: `RUN chmod u-s /usr/bin/newuidmap /usr/bin/newgidmap && setcap cap_setuid=ep /usr/bin/newuidmap "+
			"&& setcap cap_setgid=ep /usr/bin/newgidmap` (setcap: libcap2-bin)" {
			t.Errorf("%s: got %s", cause, got)
		}
	}
}

func TestAVolumeIsWrittenAsThePlaceWantsIt(t *testing.T) {
	const home, disk = "/home/me/.local/share/containers/storage", "/disk/layers"
	for _, c := range []struct {
		place       Place
		store, want string
	}{
		{InDocker, home, "`docker run --volume slipway-store:/home/me/.local/share/containers …`"},
		{InPodman, disk, "`podman run --volume slipway-store:/disk/layers …`"},
		{InDocker, "/.local/share/containers/storage", "slipway-store:/.local/share/containers …"},
		{InGitLabDocker, "/var/lib/containers/storage", "`volumes = [\"/var/lib/containers\"]`"},
		{InKubernetes, home, "`volumeMounts: [{ name: store, mountPath: /home/me/.local/share/containers }]` with the pod's `volumes: [{ name: store, emptyDir: {} }]`"},
		{InGitLabCluster, home, "in the runner's config.toml: below `[[runners.kubernetes.volumes.empty_dir]]` `name = \"store\"`, " +
			"`mount_path = \"/home/me/.local/share/containers\"`"},
	} {
		got := (Environment{Place: c.place}).StoreVolume(c.store)
		if !strings.Contains(got, c.want) || strings.Contains(got, "patch") {
			t.Errorf("%s: got %s", c.place, got)
		}
	}
	got := (Environment{Place: InGitLabCluster}).change(sharedMemoryChange, rootChange)
	if !strings.Contains(got, "`medium = \"Memory\"` and `environment") || !strings.Contains(got, "{ name: build, securityContext: { runAsUser: 0 } }") {
		t.Errorf("got %s", got)
	}
}
