package host

import (
	"fmt"
	"strings"
)

// change is a setting of a container in the words of those who start containers.
type change struct {
	// option is that of `docker run` and `podman run`.
	option string
	// security is what Docker calls a security option; option holds it, too.
	security string
	// runner is a line below [runners.docker] of GitLab's runner, where it is no security option.
	runner string
	// context is a field of a container's securityContext, pod one of the container itself.
	context, pod string
	// volume is an empty directory of the pod's own.
	volume *emptyDir
}

var (
	seccompChange = change{
		option: "--security-opt seccomp=unconfined", security: "seccomp:unconfined", context: "seccompProfile: { type: Unconfined }",
	}
	appArmorChange = change{
		option: "--security-opt apparmor=unconfined", security: "apparmor:unconfined", context: "appArmorProfile: { type: Unconfined }",
	}
	selinuxChange = change{
		option: "--security-opt label=disable", security: "label:disable", context: "seLinuxOptions: { type: spc_t }",
	}
	privilegesChange = change{
		option: "--security-opt no-new-privileges=false", security: "no-new-privileges:false", context: "allowPrivilegeEscalation: true",
	}
	procChange = change{
		option: "--security-opt systempaths=unconfined", security: "systempaths=unconfined", context: "procMount: Unmasked",
	}
	rootChange = change{option: "--user 0", runner: `user = "root"`, context: "runAsUser: 0"}
	fuseChange = change{
		option: "--device /dev/fuse", runner: `devices = ["/dev/fuse"]`,
		pod: "resources: { limits: { smarter-devices/fuse: 1 } }",
	}
	tunChange = change{
		option: "--device /dev/net/tun", runner: `devices = ["/dev/net/tun"]`,
		pod: "resources: { limits: { smarter-devices/net_tun: 1 } }",
	}
	writableChange = change{
		option: "--tmpfs /tmp:exec", runner: `[runners.docker.tmpfs] "/tmp" = "rw,exec"`, volume: &emptyDir{name: "tmp", path: "/tmp"},
	}
	sharedMemoryChange = change{
		option: "--shm-size 64m", runner: "shm_size = 67108864", volume: &emptyDir{name: "shm", path: "/dev/shm", memory: true},
	}
)

// addCapabilities is the change that gives capabilities by their names without CAP_.
func addCapabilities(names []string) change {
	quoted := `"` + strings.Join(names, `", "`) + `"`
	return change{
		option:  "--cap-add " + strings.Join(names, " --cap-add "),
		runner:  fmt.Sprintf("cap_add = [%s]", quoted),
		context: fmt.Sprintf("capabilities: { add: [%s] }", quoted),
	}
}

// change says how the container of this environment gets other settings.
func (e Environment) change(changes ...change) string {
	switch e.Place {
	case InPodman:
		return fmt.Sprintf("`podman run %s …`", options(changes))
	case InGitLabDocker:
		return fmt.Sprintf("in the runner's config.toml, below [runners.docker]: `%s`", runnerLines(changes))
	case InGitHub:
		return fmt.Sprintf("in the job of the workflow: `container: { image: …, options: %s }`", options(changes))
	case InKubernetes:
		return fmt.Sprintf("in the pod's container: `%s`", podFields(changes))
	case InTekton:
		return fmt.Sprintf("in the step of the Tekton task: `%s`", podFields(changes))
	case InGitLabCluster:
		return "in the runner's config.toml: " + clusterLines(changes)
	case InContainer:
		return fmt.Sprintf("start the container with `%s`, in Kubernetes with `%s`", options(changes), podFields(changes))
	}
	return fmt.Sprintf("`docker run %s …`", options(changes))
}

func options(changes []change) string {
	var all []string
	for _, one := range changes {
		all = append(all, one.option)
	}
	return strings.Join(all, " ")
}

func runnerLines(changes []change) string {
	var all, security []string
	for _, one := range changes {
		if one.security != "" {
			security = append(security, one.security)
		} else {
			all = append(all, one.runner)
		}
	}
	if len(security) > 0 {
		all = append(all, fmt.Sprintf(`security_opt = ["%s"]`, strings.Join(security, `", "`)))
	}
	return strings.Join(all, "`, `")
}

// podFields are what a pod's container gets, and behind it the volumes of the pod.
func podFields(changes []change) string {
	fields := containerFields(changes)
	volumes := volumesOf(changes)
	if len(volumes) == 0 {
		return strings.Join(fields, ", ")
	}
	var mounts, made []string
	for _, volume := range volumes {
		mounts, made = append(mounts, volume.mount()), append(made, volume.inPod())
	}
	fields = append(fields, fmt.Sprintf("volumeMounts: [%s]", strings.Join(mounts, ", ")))
	return fmt.Sprintf("%s` with the pod's `volumes: [%s]", strings.Join(fields, ", "), strings.Join(made, ", "))
}

// containerFields are those of a container, without volumes.
func containerFields(changes []change) []string {
	var contexts, all []string
	for _, one := range changes {
		switch {
		case one.context != "":
			contexts = append(contexts, one.context)
		case one.pod != "":
			all = append(all, one.pod)
		}
	}
	if len(contexts) > 0 {
		all = append([]string{"securityContext: { " + strings.Join(contexts, ", ") + " }"}, all...)
	}
	return all
}

// clusterLines are those of GitLab's runner for Kubernetes: it has tables for volumes, a patch of the pod gives the rest.
func clusterLines(changes []change) string {
	var all []string
	for _, volume := range volumesOf(changes) {
		all = append(all, volume.inRunner())
	}
	if fields := containerFields(changes); len(fields) > 0 {
		all = append(all, fmt.Sprintf("`environment = [\"FF_USE_ADVANCED_POD_SPEC_CONFIGURATION=true\"]` and below `[[runners.kubernetes.pod_spec]]` "+
			"`name = \"slipway\"`, `patch_type = \"strategic\"`, `patch = '''containers: [{ name: build, %s }]'''`", strings.Join(fields, ", ")))
	}
	return strings.Join(all, " and ")
}
