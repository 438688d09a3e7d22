import { posix } from 'node:path';
import type { FileMapping, GitMapping, ImportMapping } from '../stapel-parts.ts';
import type { Path } from '../yaml/config-document.ts';
import { addProblem, type ImageReading } from './image-reading.ts';

interface Entry {
  readonly path: Path;
  readonly mapping: FileMapping;
  /** Grows while others are found below it. */
  readonly excludes: string[];
}

/**
 * Lets several mappings write into each other's destinations: the less specific one leaves out what another one puts
 * there. Two that write the same path are a conflict.
 */
export function joinDestinations(
  reading: ImageReading,
  git: readonly GitMapping[],
  imports: readonly ImportMapping[],
): { readonly git: readonly GitMapping[]; readonly imports: readonly ImportMapping[] } {
  const entry = (mapping: FileMapping, path: Path): Entry => ({
    path,
    mapping,
    excludes: [...mapping.excludePaths],
  });
  const gitEntries = git.map((mapping, i) => entry(mapping, ['git', i]));
  const importEntries = imports.map((mapping, i) => entry(mapping, ['import', i]));
  const entries = [...gitEntries, ...importEntries];
  entries.forEach((above, i) => {
    entries.forEach((below, j) => {
      if (i !== j && isWithin(below.mapping.to, above.mapping.to)) join(reading, above, below, i < j);
    });
  });
  const excludesOf = (list: readonly Entry[], i: number) => ({ excludePaths: list[i]?.excludes ?? [] });
  return {
    git: git.map((mapping, i) => ({ ...mapping, ...excludesOf(gitEntries, i) })),
    imports: imports.map((mapping, i) => ({ ...mapping, ...excludesOf(importEntries, i) })),
  };
}

function join(reading: ImageReading, above: Entry, below: Entry, isFirst: boolean): void {
  const { to } = above.mapping;
  const taken = destinations(above.mapping);
  for (const path of destinations(below.mapping)) {
    if (taken.includes(path)) {
      const isMutual = destinations(below.mapping).includes(path) && below.mapping.to === to;
      if (isFirst || !isMutual) conflict(reading, above, below, path);
      return;
    }
    if (taken.some((other) => isWithin(other, path))) continue;
    if (above.excludes.some((mask) => isWithin(path, posix.join(to, everythingBelow(mask))))) continue;
    above.excludes.push(posix.relative(to, path));
  }
}

function conflict(reading: ImageReading, above: Entry, below: Entry, path: string): void {
  const message = `Conflict between imports! Two of them write \`${path}\``;
  addProblem(reading, below.path, 'CONFIG_IMPORT_CONFLICT', message, {
    sections: [above.path, below.path],
    hint: 'give them different destinations, or say by `includePaths` what comes from which',
  });
}

/** Where the mapping writes: below `to`, or to each of what it takes. */
function destinations({ to, includePaths }: FileMapping): readonly string[] {
  return includePaths.length === 0 ? [to] : includePaths.map((mask) => withoutSlash(posix.join(to, mask)));
}

/** `dir`, `dir/`, `dir/*` and `dir/**` all take everything below `dir`. */
function everythingBelow(mask: string): string {
  return mask.replace(/(?:\/?\*{1,2}|\/)+$/, '');
}

function withoutSlash(path: string): string {
  return path === '/' ? path : path.replace(/\/$/, '');
}

function isWithin(path: string, directory: string): boolean {
  const base = withoutSlash(directory);
  return path === base || path.startsWith(base === '/' ? base : `${base}/`);
}
