const NOTHING_RUNS = { rung: 'no-run', driver: 'plain', build: { exit: 1 } };
const FILTER = /SystemCallFilter=/;

/** The kernel or a filter refuses what builds need. */
export const KERNEL = [
  {
    ...NOTHING_RUNS,
    name: 'max_user_namespaces=0',
    through: ['limited', '0'],
    doctor: {
      finding: 'userns',
      says: /user\.max_user_namespaces is 0/,
      fix: /user\.max_user_namespaces = 15000/,
    },
  },
  {
    ...NOTHING_RUNS,
    name: 'max_user_namespaces used up',
    through: ['limited', '1'],
    doctor: {
      finding: 'userns',
      says: /no user namespace is left: user\.max_user_namespaces is 1/,
      fix: /user\.max_user_namespaces = 15000/,
    },
  },
  {
    ...NOTHING_RUNS,
    name: 'moved by chroot',
    setup: 'mkdir /run/jail; mount --rbind / /run/jail',
    through: ['chroot', '/run/jail'],
    doctor: { finding: 'userns', says: /moved by chroot/, fix: /outside the chroot/ },
  },
  {
    ...NOTHING_RUNS,
    name: 'seccomp refuses unshare and clone',
    through: ['filtered', 'errno', 'unshare', 'clone', '--'],
    doctor: { finding: 'userns', says: /seccomp filter .* refuses user namespaces/, fix: FILTER },
  },
  {
    ...NOTHING_RUNS,
    name: 'seccomp kills at unshare and clone',
    through: ['filtered', 'kill', 'unshare', 'clone', '--'],
    doctor: {
      finding: 'userns',
      says: /seccomp filter .* kills a process that makes a user namespace/,
      fix: FILTER,
    },
  },
  {
    ...NOTHING_RUNS,
    name: 'seccomp refuses mount',
    through: ['filtered', 'errno', 'mount', '--'],
    doctor: { finding: 'mounts', says: /seccomp filter .* refuses mounts/, fix: FILTER },
  },
  {
    ...NOTHING_RUNS,
    name: 'seccomp kills at mount',
    through: ['filtered', 'kill', 'mount', '--'],
    doctor: { finding: 'mounts', says: /seccomp filter .* kills a process that mounts/, fix: FILTER },
  },
  {
    name: 'seccomp refuses mount and unshare, root',
    user: 'root',
    through: ['filtered', 'errno', 'mount', 'unshare', 'clone', '--'],
    rung: 'plain-chroot',
    driver: 'plain',
    doctor: {
      finding: 'native-chroot',
      says: /seccomp filter .* refuses (?:mounts|user namespaces)/,
      fix: FILTER,
    },
  },
  {
    ...NOTHING_RUNS,
    name: 'no /proc',
    setup: 'umount -l /proc',
    doctor: { finding: 'proc', says: /not mounted/, fix: /mount -t proc/ },
  },
  {
    name: 'no /proc, root',
    user: 'root',
    setup: 'umount -l /proc',
    rung: 'native-chroot',
    driver: 'overlay',
    doctor: { finding: 'proc', says: /not mounted: slipway mounts one for itself/, fix: /mount -t proc/ },
    build: { says: null },
  },
  {
    name: '/proc with hidepid=2',
    setup: 'mount -o remount,hidepid=2 /proc',
    rung: 'native-rootless',
    driver: 'overlay',
    doctor: { finding: 'proc', says: /hidepid=invisible/, fix: /remount,hidepid=0/ },
    build: { says: null },
  },
];
