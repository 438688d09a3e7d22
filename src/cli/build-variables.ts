import type { DescribedVariable } from './command.ts';

/** Variables without an option, of commands that build. */
export const buildVariables: readonly DescribedVariable[] = [
  {
    name: 'SLIPWAY_COMPRESSION',
    explains: 'compression of layers: gzip (the default) or zstd, a level may follow as in zstd:7',
  },
  {
    name: 'SLIPWAY_BLOB_CACHE_MB',
    explains: 'so many megabytes of compressed layers are kept for later pushes (default: 10240)',
  },
  {
    name: 'SOURCE_DATE_EPOCH',
    explains: 'date of images and latest date of their files, in Unix seconds (default: that of the commit)',
  },
  {
    name: 'WERF_BUILDAH_MODE',
    explains:
      'how commands are isolated: native-rootless, native-chroot or plain-chroot (default: the best that works)',
  },
  {
    name: 'WERF_BUILDAH_STORAGE_DRIVER',
    explains: 'overlay, fuse-overlayfs, vfs or plain (default: the best that works)',
  },
  { name: 'WERF_BUILDAH_RUNTIME', explains: 'OCI runtime (default: the first that works)' },
  {
    name: 'WERF_BUILDAH_ULIMIT',
    explains: 'limits of commands, such as nofile:1024:4096,core:0 (default: those of slipway itself)',
  },
];
