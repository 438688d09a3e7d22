import { posix } from 'node:path';
import type { Architecture } from './elf.ts';

/** Where the tools lie in their image and in the containers of stages. */
export const PREFIX = '/.werf/stapel';

/** What runs dynamic programs: takes the place of the interpreter's path in them, which is longer. */
export const LOADER = `${PREFIX}/lib/ld.so`;

export interface Target {
  readonly architecture: Architecture;
  /** Debian's directory of libraries. */
  readonly triplet: string;
  /** Name of the loader's file. */
  readonly loader: string;
}

export const TARGETS: Readonly<Record<Architecture, Target>> = {
  amd64: { architecture: 'amd64', triplet: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  arm64: { architecture: 'arm64', triplet: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
};

/** Debian's directories and ours below the prefix; the first that fits. */
function places({ triplet }: Target): readonly (readonly [RegExp, string])[] {
  return [
    [/^(?:usr\/)?s?bin\/(?=[^/]+$)/, 'embedded/bin/'],
    [new RegExp(`^(?:usr/)?lib/${triplet}/`), 'lib/'],
    [/^usr\/lib\/locale\//, 'l/'],
    [/^usr\/lib\/(?=python3)/, 'embedded/lib/'],
    [/^usr\/share\//, 'embedded/share/'],
  ];
}

/** Below the prefix; null for what has no place there. @param path of a package's file, without a slash in front */
export function placeOf(path: string, target: Target): string | null {
  for (const [pattern, place] of places(target)) {
    if (pattern.test(path)) return path.replace(pattern, place).replace(/^embedded\/bin/, binOf(path));
  }
  return null;
}

const binOf = (path: string) => (/^(?:usr\/)?sbin\//.test(path) ? 'embedded/sbin' : 'embedded/bin');

/** Where a package's link leads below the prefix, relative to the link's new place; null when nowhere. */
export function placeOfTarget(path: string, linkTarget: string, target: Target): string | null {
  const place = placeOf(path, target);
  const to = placeOf(posix.join('/', posix.dirname(path), absolute(linkTarget, path)).slice(1), target);
  return place === null || to === null ? null : posix.relative(posix.dirname(place), to);
}

const absolute = (linkTarget: string, path: string) =>
  linkTarget.startsWith('/') ? posix.relative(`/${posix.dirname(path)}`, linkTarget) : linkTarget;
