const STORE = '/home/builder/.local/share/containers/storage';
const OWNED = 'chown -R 4711:4711 /home/builder/.local';
const NOT_USED = { rung: 'native-rootless', driver: '' };
const USUAL = { rung: 'native-rootless', driver: 'overlay', build: { says: null } };
const ELSEWHERE = /CONTAINERS_STORAGE_CONF/;

/** A file system in memory as the store. */
const memory = (options) => `mkdir -p ${STORE}; mount -t tmpfs -o ${options} tmpfs ${STORE}; ${OWNED}`;

/** Stores that cannot be used, or not in full. */
export const STORES = [
  {
    ...NOT_USED,
    name: 'store on a full file system',
    setup: `${memory('size=4m')}; fill ${STORE}`,
    doctor: {
      finding: 'chosen',
      says: /the store .* is full: 0 MB of 4 MB are free/,
      fix: /free some space/,
    },
    build: { exit: 1 },
  },
  {
    ...USUAL,
    name: 'store that fills up during the build',
    project: 'large',
    setup: memory('size=16m'),
    doctor: { finding: 'space', says: /of 16 MiB: less than/, fix: /free some space/ },
    build: { exit: 1, says: /the disk of the store .* is full/, hint: /free some space/ },
  },
  {
    ...NOT_USED,
    name: 'store on a read-only file system',
    setup: `${memory('size=64m')}; mount -o remount,ro ${STORE}`,
    doctor: { finding: 'chosen', says: /the store .* is read-only/, fix: ELSEWHERE },
    build: { exit: 1 },
  },
  {
    name: 'store on a file system mounted noexec',
    setup: memory('noexec'),
    rung: 'native-chroot',
    driver: 'overlay',
    doctor: { finding: 'store-place', says: /mounted noexec/, fix: /remount,exec/ },
  },
  {
    ...USUAL,
    name: 'store on a file system mounted nodev',
    setup: memory('nodev'),
    doctor: { finding: 'store-place', says: /mounted nodev/, fix: ELSEWHERE },
  },
  {
    name: 'store on a file system without attributes',
    setup: `mkdir -p ${STORE}; mount -t ramfs ramfs ${STORE}; ${OWNED}`,
    rung: 'native-rootless',
    driver: 'vfs',
    doctor: { finding: 'overlay driver', says: /attribute .* not supported/, fix: /ext4, xfs or btrfs/ },
  },
  {
    name: 'store on overlay',
    setup: `mkdir /var/store; chown 4711:4711 /var/store
printf '[storage]\\ndriver = "overlay"\\ngraphroot = "/var/store"\\nrunroot = "/run/user-builder/containers"\\n' >/etc/own-storage.conf`,
    variables: { CONTAINERS_STORAGE_CONF: '/etc/own-storage.conf' },
    rung: 'native-rootless',
    driver: 'vfs',
    doctor: { finding: 'overlay driver', says: /on overlay mounted at \//, fix: ELSEWHERE },
  },
  {
    name: 'store on FUSE',
    setup: `own_fuse ${STORE}`,
    rung: 'native-rootless',
    driver: 'vfs',
    doctor: { finding: 'overlay driver', says: /invalid argument|not permitted/, fix: /ext4, xfs or btrfs/ },
  },
  {
    ...NOT_USED,
    name: 'store of another driver',
    setup: `mkdir -p ${STORE}/vfs-layers ${STORE}/vfs/dir/aa
echo '[{"id":"aa","created":"2026-01-01T00:00:00Z"}]' >${STORE}/vfs-layers/layers.json; ${OWNED}`,
    variables: { WERF_BUILDAH_STORAGE_DRIVER: 'overlay' },
    doctor: {
      finding: 'chosen',
      says: /made with driver vfs, but overlay was asked for/,
      fix: /WERF_BUILDAH_STORAGE_DRIVER=vfs/,
    },
    build: { exit: 1 },
  },
  {
    ...NOT_USED,
    name: 'store of another user',
    setup: `mkdir -p ${STORE}; ${OWNED}; chown 0:0 ${STORE}; chmod 755 ${STORE}`,
    doctor: { finding: 'chosen', says: /the store .* refuses this user/, fix: /chown/ },
    build: { exit: 1 },
  },
  {
    ...NOT_USED,
    name: 'fuse-overlayfs asked for, no /dev/fuse',
    setup: 'own_dev null zero full random urandom tty',
    variables: { WERF_BUILDAH_STORAGE_DRIVER: 'fuse-overlayfs' },
    doctor: { finding: 'chosen', says: /opening \/dev\/fuse: no such file/, fix: /modprobe fuse/ },
    build: { exit: 1 },
  },
  {
    name: 'WERF_BUILDAH_STORAGE_DRIVER unknown',
    variables: { WERF_BUILDAH_STORAGE_DRIVER: 'devicemapper' },
    doctor: { refuses: true, says: /unexpected driver .*"devicemapper"/, fix: /use one of auto/ },
    build: { exit: 1 },
  },
];

const tmp = (what, setup, says) => ({
  name: `/tmp ${what}`,
  setup,
  doctor: { refuses: true, says, fix: /--tmp-dir or TMPDIR/ },
  build: { exit: 1 },
});
const runtime = (what, more, says) => ({
  ...USUAL,
  name: `XDG_RUNTIME_DIR ${what}`,
  doctor: { finding: 'runtime-directory', says, fix: /unset XDG_RUNTIME_DIR/ },
  ...more,
});

/** Other directories that are full, read-only, missing or somebody else's. */
export const PLACES = [
  {
    ...USUAL,
    name: '/tmp noexec',
    setup: 'mount -o remount,noexec /tmp',
    doctor: { finding: 'tmp', says: /\/tmp is mounted noexec/, fix: /remount,exec \/tmp/ },
  },
  tmp('full', 'mount -o remount,size=64k /tmp; fill /tmp', /no temporary folder .* no space left on device/),
  tmp('read-only', 'mount -o remount,ro /tmp', /no temporary folder .* read-only file system/),
  {
    ...USUAL,
    name: 'HOME not set',
    variables: { HOME: null },
    doctor: { finding: 'home', says: /HOME is not set/, fix: /export HOME/ },
  },
  {
    ...NOT_USED,
    name: 'HOME read-only',
    setup: 'mount -o remount,bind,ro /home/builder',
    doctor: { finding: 'chosen', says: /\/home\/builder .* is read-only/, fix: /HOME/ },
    build: { exit: 1 },
  },
  runtime('not there', { variables: { XDG_RUNTIME_DIR: '/run/user/4711' } }, /no such file/),
  runtime('not writable', { setup: 'chmod 500 /run/user-builder' }, /mode 0500/),
  runtime(
    'of another user',
    { setup: 'chown 0:0 /run/user-builder; chmod 777 /run/user-builder' },
    /belongs to another user/,
  ),
  {
    name: 'no /dev/null',
    setup: 'own_dev zero full random urandom tty',
    rung: 'native-chroot',
    driver: 'overlay',
    doctor: { finding: 'devices', says: /\/dev\/null/, fix: /mknod -m 666 \/dev\/null c 1 3/ },
    build: { exit: 1 },
  },
  {
    name: '/dev without devices',
    setup: 'own_dev',
    rung: 'native-chroot',
    driver: 'overlay',
    doctor: {
      finding: 'devices',
      says: /\/dev\/null .*\/dev\/urandom/,
      fix: /mknod -m 666 \/dev\/urandom c 1 9/,
    },
    build: { exit: 1, says: /\/dev\/null/, hint: /mknod -m 666 \/dev\/null/ },
  },
  {
    ...USUAL,
    name: 'no /dev/shm',
    setup: 'own_dev null zero full random urandom tty; rmdir /dev/shm',
    doctor: { finding: 'shm', says: /\/dev\/shm.*no such file/, fix: /mount -t tmpfs/ },
  },
];
