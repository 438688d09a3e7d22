package isolation

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// processFiles are those of /proc that programs read to learn about the machine: they are copied as they are when the
// command starts.
var processFiles = []string{"cpuinfo", "meminfo", "stat", "uptime", "loadavg", "version", "filesystems", "cmdline", "devices",
	"swaps", "sys/kernel/osrelease", "sys/kernel/ostype", "sys/kernel/version", "sys/kernel/hostname", "sys/kernel/domainname",
	"sys/kernel/pid_max", "sys/kernel/threads-max", "sys/kernel/cap_last_cap", "sys/kernel/ngroups_max",
	"sys/kernel/overflowuid", "sys/kernel/overflowgid", "sys/kernel/shmmax", "sys/kernel/shmall",
	"sys/kernel/random/boot_id", "sys/kernel/random/entropy_avail", "sys/kernel/random/poolsize",
	"sys/vm/overcommit_memory", "sys/vm/max_map_count", "sys/vm/swappiness", "sys/fs/file-max", "sys/fs/nr_open",
	"sys/fs/pipe-max-size", "sys/fs/inotify/max_user_watches", "sys/fs/inotify/max_user_instances",
	"sys/net/core/somaxconn", "sys/net/ipv4/ip_local_port_range", "sys/net/ipv6/conf/all/disable_ipv6", "sys/crypto/fips_enabled"}

// systemFiles are the like of /sys.
var systemFiles = []string{"devices/system/cpu/online", "devices/system/cpu/possible", "devices/system/cpu/present",
	"kernel/mm/transparent_hugepage/enabled", "kernel/mm/transparent_hugepage/hpage_pmd_size"}

// readMe explains the stand-in to who looks for more.
const readMe = `This is not the kernel's /proc. slipway runs this command where nothing can be mounted (plain-chroot), so a few files that
programs commonly read were put here when the command started; they do not change while it runs. Absent is all that
differs from process to process: the directories of processes, self/fd (and with it /dev/fd, /dev/stdin and /dev/stdout;
/dev/stderr works, and is the log of the build), self/exe, self/maps, net, and settings that could be written. self/status
tells what the command started with.
In a container that allows namespaces or mounts, slipway uses the real one: slipway doctor tells what is missing.
`

// processStandIn makes a directory that stands for /proc.
func processStandIn(command Command) func(path string) error {
	return func(path string) error {
		files := copiesOf("/proc", processFiles)
		kind := fileSystemOf(command.Root)
		files["self/mounts"] = fmt.Sprintf("%s / %s rw,relatime 0 0\n", kind, kind)
		files["self/mountinfo"] = fmt.Sprintf("1 0 0:1 / / rw,relatime - %s %s rw\n", kind, kind)
		files["self/cgroup"] = "0::/\n"
		files["self/status"] = statusOf(command)
		files["README-slipway"] = readMe
		if err := putFiles(path, files); err != nil {
			return err
		}
		return os.Symlink("self/mounts", filepath.Join(path, "mounts"))
	}
}

// putSystemStandIn makes a directory that stands for /sys.
func putSystemStandIn(path string) error { return putFiles(path, copiesOf("/sys", systemFiles)) }

// copiesOf reads files, those that there are.
func copiesOf(from string, names []string) map[string]string {
	files := map[string]string{}
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(from, name)); err == nil {
			files[name] = string(text)
		}
	}
	return files
}

func putFiles(path string, files map[string]string) error {
	if err := makeDirectory(path, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		at := filepath.Join(path, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, []byte(text), 0o444); err != nil {
			return err
		}
	}
	return nil
}

// fileSystemOf is the type of the file system that holds a path.
func fileSystemOf(path string) string {
	table, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "rootfs"
	}
	defer table.Close()
	kind, longest := "rootfs", -1
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		mount, rest, found := strings.Cut(lines.Text(), " - ")
		fields, types := strings.Fields(mount), strings.Fields(rest)
		if !found || len(fields) < 5 || len(types) == 0 {
			continue
		}
		point := strings.TrimSuffix(fields[4], "/")
		if (path == point || strings.HasPrefix(path, point+"/")) && len(point) >= longest {
			kind, longest = types[0], len(point)
		}
	}
	return kind
}

// sharedLines are those of /proc/self/status that are the same for this process and a command.
var sharedLines = []string{"Seccomp:", "Seccomp_filters:", "Cpus_allowed:", "Cpus_allowed_list:", "Mems_allowed:", "Mems_allowed_list:"}

// statusOf tells ids and capabilities of the command.
func statusOf(command Command) string {
	var text strings.Builder
	four := func(id uint32) string { return fmt.Sprintf("%d\t%d\t%d\t%d", id, id, id, id) }
	fmt.Fprintf(&text, "Umask:\t0022\nState:\tR (running)\nUid:\t%s\nGid:\t%s\nGroups:\t", four(command.UID), four(command.GID))
	for _, group := range command.Groups {
		fmt.Fprintf(&text, "%d ", group)
	}
	bounding := maskOf(command.Capabilities)
	effective := bounding
	if command.UID != 0 {
		effective = 0
	}
	fmt.Fprintf(&text, "\nThreads:\t1\nCapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapBnd:\t%016x\nCapAmb:\t%016x\nNoNewPrivs:\t0\n",
		0, effective, effective, bounding, 0)
	own, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(own)) {
		if name, _, _ := strings.Cut(line, "\t"); slices.Contains(sharedLines, name) {
			text.WriteString(line)
		}
	}
	return text.String()
}
