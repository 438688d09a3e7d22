/** Files whose contents no two builds share, with the reason; what else differs is a difference. */
export const VOLATILE = [
  { path: /^\/var\/log\//, why: 'logs tell the time' },
  {
    path: /^\/var\/cache\/(?:apt|ldconfig|debconf)\//,
    why: 'caches of package tools hold times and inode numbers',
  },
  { path: /^\/var\/lib\/apt\//, why: 'package lists of that moment' },
  { path: /^\/(?:etc\/machine-id|var\/lib\/dbus\/machine-id)$/, why: 'a random id' },
  { path: /^\/root\/\.npm\//, why: "npm's cache and logs tell the time" },
  {
    path: /^\/etc\/(?:passwd|group|shadow|gshadow|subuid|subgid)-$/,
    why: 'the former version of an account file',
  },
  {
    path: /^\/var\/lib\/dpkg\/(?:status|diversions|statoverride)-old$/,
    why: 'the former version of a package file',
  },
  { path: /\/__pycache__\/[^/]+\.pyc$/, why: 'byte code holds the time of its source' },
];

/** Differences that a driver makes and slipway warns of, by the driver. */
const OF_DRIVERS = {
  'fuse-overlayfs': {
    // The directory whose group is to be inherited, and what was made in it.
    line: / srv\//,
    why: 'fuse-overlayfs takes the set-group-id bit from a directory that is given away',
  },
};

/**
 * @param {string} driver
 * @param {readonly string[]} differences as `firstDifferentLayer` tells them
 * @returns {string} the reason; '' where there is none
 */
export function reasonOf(driver, differences) {
  const known = OF_DRIVERS[driver];
  const lines = differences.slice(1);
  return known && lines.length > 0 && lines.every((line) => known.line.test(line)) ? known.why : '';
}
