import { ANSIBLE, ANSIBLE_LINKS } from './content-ansible.ts';
import { type Content, libraries, programs } from './content-shape.ts';

export type Variant = 'base' | 'ansible';

const BASE: readonly Content[] = [
  programs('bash-static'),
  programs('coreutils'),
  programs('tar', 'tar'),
  programs('gzip', 'gzip', 'gunzip', 'zcat'),
  programs('bzip2', 'bzip2', 'bunzip2', 'bzcat'),
  programs('xz-utils', 'xz', 'unxz', 'xzcat'),
  programs('zstd', 'zstd', 'unzstd', 'zstdcat'),
  programs('findutils'),
  programs('sed'),
  programs('grep', 'grep', 'egrep', 'fgrep'),
  programs('mawk', 'mawk'),
  programs('diffutils', 'diff', 'cmp'),
  programs('patch'),
  programs('util-linux', 'setpriv', 'flock', 'getopt', 'setsid'),
  { package: 'libc-bin', files: ['embedded/bin/getent', 'l/C.utf8/**'] },
  { package: 'libc6', files: ['lib/*.so.*'] },
  { package: 'gcc-12-base', files: [] },
  { package: 'ca-certificates', files: ['embedded/share/ca-certificates/mozilla/*.crt'] },
  ...libraries(
    'libacl1',
    'libattr1',
    'libbz2-1.0',
    'libcap-ng0',
    'libgcc-s1',
    'libgmp10',
    'liblz4-1',
    'liblzma5',
    'libpcre2-8-0',
    'libselinux1',
    'zlib1g',
  ),
];

/** Further links, by their place. */
const BASE_LINKS: Readonly<Record<string, string>> = {
  'embedded/bin/bash': 'bash-static',
  'embedded/bin/sh': 'bash-static',
  'embedded/bin/awk': 'mawk',
  'ca.pem': 'embedded/ssl/certs/cacert.pem',
  'embedded/ssl/cert.pem': 'certs/cacert.pem',
};

export function contentOf(variant: Variant): readonly Content[] {
  return variant === 'base' ? BASE : [...BASE, ...ANSIBLE];
}

export function linksOf(variant: Variant): Readonly<Record<string, string>> {
  return variant === 'base' ? BASE_LINKS : { ...BASE_LINKS, ...ANSIBLE_LINKS };
}
