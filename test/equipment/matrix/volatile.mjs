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
