const DOCKER =
  'chown dac_override fowner fsetid kill mknod net_bind_service net_raw setfcap setgid setpcap setuid sys_chroot';

/** Root as Docker's containers have it, with what Docker leaves of its capabilities but those that are named. */
function container(...without) {
  const kept = DOCKER.split(' ').filter((name) => !without.includes(name));
  return {
    user: 'root',
    setup: 'touch /.dockerenv',
    through: ['filtered', 'errno', 'unshare', 'clone', 'mount', '--'],
    privileges: [`--bounding-set=-all,${kept.map((name) => `+${name}`).join(',')}`],
  };
}

/** @param breaks whether nothing can be run without it */
function lacking(name, says, breaks = true) {
  const capability = name.toUpperCase();
  return {
    ...container(name),
    name: `container root without CAP_${capability}`,
    rung: breaks ? 'no-run' : 'plain-chroot',
    driver: 'plain',
    doctor: {
      finding: breaks ? 'plain-chroot' : 'capabilities',
      says,
      fix: new RegExp(`--cap-add ${capability}`),
    },
    build: { exit: breaks ? 1 : 0 },
  };
}

const ROOTLESS = { WERF_BUILDAH_MODE: 'native-rootless' };
const UNUSED = { rung: '', build: { exit: 1 } };
const OLD_CRUN = {
  needs: 'crun',
  setup: `cp /run/stage/crun/usr/bin/crun /usr/local/bin/
cp -n /run/stage/crun/usr/lib/*/libyajl* /usr/lib/
ldconfig
rm /usr/sbin/runc`,
};

/** Rights and limits that the process lacks. */
export const PROCESS = [
  lacking('sys_chroot', /CAP_SYS_CHROOT is missing/),
  lacking('mknod', /CAP_MKNOD is missing/),
  lacking('chown', /CAP_CHOWN is missing/),
  lacking('setuid', /SETUID/, false),
  {
    ...container(),
    name: 'container root without /proc',
    setup: 'touch /.dockerenv; umount -l /proc',
    rung: 'no-run',
    driver: 'plain',
    doctor: { finding: 'proc', says: /not mounted/, fix: /mount -t proc/ },
    build: { exit: 1, says: /\/proc is not mounted/ },
  },
  {
    name: 'few open files',
    limits: ['--nofile=256:256'],
    rung: 'native-rootless',
    driver: 'overlay',
    doctor: { finding: 'open-files', says: /256, at most 256/, fix: /nofile 65536/ },
    build: { says: null },
  },
  {
    name: 'WERF_BUILDAH_ULIMIT above the hard limit',
    limits: ['--nofile=1024:1024'],
    variables: { WERF_BUILDAH_ULIMIT: 'nofile:65536:65536' },
    rung: 'native-rootless',
    driver: 'overlay',
    doctor: {
      finding: 'chosen',
      says: /the hard limit is above this process's 1024/,
      fix: /ask for at most 1024/,
    },
    build: { exit: 1 },
  },
  {
    name: 'read-only root file system and one writable directory, user, no namespaces',
    project: 'no-run',
    setup: `touch /.dockerenv
mkdir -m 777 /writable
mount -t tmpfs -o mode=777 tmpfs /writable
mount -o remount,ro /tmp
mount -o remount,bind,ro /`,
    through: ['filtered', 'errno', 'unshare', 'clone', 'mount', '--'],
    variables: { HOME: '/writable', TMPDIR: '/writable', XDG_RUNTIME_DIR: null },
    rung: 'no-run',
    driver: 'plain',
    doctor: {
      finding: 'userns',
      says: /seccomp filter .* refuses user namespaces/,
      fix: /docker run --security-opt seccomp=unconfined/,
    },
  },
];

/** What was asked for, or a program, is not there. */
export const ASKED = [
  {
    name: 'WERF_BUILDAH_MODE unknown',
    variables: { WERF_BUILDAH_MODE: 'native' },
    doctor: { refuses: true, says: /unexpected mode WERF_BUILDAH_MODE="native"/, fix: /use one of auto/ },
    build: { exit: 1 },
  },
  {
    ...container(),
    ...UNUSED,
    name: 'native-rootless asked for in a container without namespaces',
    variables: ROOTLESS,
    driver: 'plain',
    doctor: {
      finding: 'chosen',
      says: /native-rootless is not available in this container: the seccomp filter/,
      fix: /docker run --security-opt seccomp=unconfined/,
    },
  },
  {
    ...UNUSED,
    name: 'plain-chroot asked for by a user',
    variables: { WERF_BUILDAH_MODE: 'plain-chroot' },
    driver: 'plain',
    doctor: { finding: 'chosen', says: /plain-chroot is not available here: it needs root/, fix: /as root/ },
  },
  {
    ...UNUSED,
    name: 'an OCI runtime asked for that is not there',
    variables: { ...ROOTLESS, WERF_BUILDAH_RUNTIME: 'youki' },
    driver: 'overlay',
    doctor: { finding: 'chosen', says: /youki: not found in PATH/, fix: /WERF_BUILDAH_RUNTIME/ },
  },
  {
    ...UNUSED,
    ...OLD_CRUN,
    name: 'crun 1.8.1 of Debian 12, native-rootless asked for',
    variables: ROOTLESS,
    driver: 'overlay',
    doctor: {
      finding: 'chosen',
      says: /crun: .*unknown version specified/,
      fix: /crun 1\.8\.4 or newer, or runc/,
    },
  },
  {
    ...OLD_CRUN,
    name: 'crun 1.8.1 of Debian 12',
    rung: 'native-chroot',
    driver: 'overlay',
    doctor: {
      finding: 'native-rootless',
      says: /crun: .*unknown version specified/,
      fix: /apt-get install -y runc/,
    },
  },
  {
    name: 'crun that refuses hybrid control groups',
    // As crun says it where it comes so far; control groups are the machine's own.
    setup: `printf '#!/bin/sh\\necho "cgroups in hybrid mode not supported, drop all controllers from cgroupv1" >&2\\nexit 1\\n' >/usr/local/bin/crun
chmod 755 /usr/local/bin/crun
rm /usr/sbin/runc`,
    rung: 'native-chroot',
    driver: 'overlay',
    doctor: {
      finding: 'native-rootless',
      says: /crun: .*cgroups in hybrid mode not supported/,
      fix: /systemd\.unified_cgroup_hierarchy=1|install -y runc/,
    },
  },
  {
    name: 'git not installed',
    setup: 'rm /usr/bin/git',
    rung: 'native-rootless',
    driver: 'overlay',
    doctor: { finding: 'git', says: /not installed/, fix: /apt-get install -y git/ },
    build: { says: null },
  },
];
