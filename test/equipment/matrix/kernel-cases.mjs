/** Kernels by version, oldest first. */
export const KERNELS = ['5.10', '6.1', '6.12'];
export const USERS = ['root', 'builder'];

const NO_DRIVER = { modules: '', fuseDevice: false };

/**
 * Settings of the machine, and what a build must come to there.
 * `driver` is what the store must use: by user and kernel, since 5.10 refuses overlay inside user namespaces.
 * null: the build must be refused before anything is built.
 */
export const SETTINGS = [
  { name: 'as installed', driver: usual },
  {
    name: 'kernel.unprivileged_userns_clone=0',
    sysctls: ['kernel.unprivileged_userns_clone=0'],
    namespaces: false,
    driver: usual,
  },
  {
    name: 'user.max_user_namespaces=0',
    sysctls: ['user.max_user_namespaces=0'],
    namespaces: false,
    driver: usual,
  },
  { name: 'user.max_user_namespaces=1000', sysctls: ['user.max_user_namespaces=1000'], driver: usual },
  { name: 'no overlay module', modules: 'fuse', driver: () => 'fuse-overlayfs' },
  {
    name: 'no /dev/fuse',
    fuseDevice: false,
    driver: (user, kernel) => (overlayWorks(user, kernel) ? 'overlay' : 'vfs'),
  },
  { name: 'neither', ...NO_DRIVER, driver: () => 'vfs' },
  { name: 'neither, overlay asked for', ...NO_DRIVER, asked: 'overlay', driver: () => null },
  { name: 'neither, vfs asked for', ...NO_DRIVER, asked: 'vfs', driver: () => 'vfs' },
];

function overlayWorks(user, kernel) {
  return user === 'root' || kernel !== '5.10';
}

function usual(user, kernel) {
  return overlayWorks(user, kernel) ? 'overlay' : 'fuse-overlayfs';
}

/**
 * What must come of building there.
 * @returns {{ runs: boolean, mode: string, driver: string | null }} runs: whether commands can be run at all; driver '' is not judged
 */
export function expected(setting, user, kernel) {
  const driver = setting.driver(user, kernel);
  if (user !== 'root' && setting.namespaces === false) return { runs: false, mode: 'no-run', driver: '' };
  // Root needs no container of its own around a command, and takes the faster rung.
  return { runs: driver !== null, mode: user === 'root' ? 'native-chroot' : 'native-rootless', driver };
}
