package isolation

// ContainersConf is the containers.conf of the run: nothing of the user's or the system's decides how steps run.
const ContainersConf = `[containers]
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
`
