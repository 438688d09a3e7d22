import { posix } from 'node:path';
import type { FileMapping } from '../stapel-parts.ts';
import type { Path } from '../yaml/config-document.ts';
import { type ImageReading, positionOf } from './image-reading.ts';
import { refuseReserved } from './reserved-paths.ts';

export interface FileMappingFields {
  readonly add: string;
  readonly to?: string | undefined;
  readonly owner?: string | undefined;
  readonly group?: string | undefined;
  readonly includePaths?: readonly string[] | undefined;
  readonly excludePaths?: readonly string[] | undefined;
}

/** @param path of the entry */
export function readFileMapping(reading: ImageReading, path: Path, fields: FileMappingFields): FileMapping {
  const add = cleaned(fields.add);
  const to = fields.to === undefined ? add : cleaned(fields.to);
  refuseReserved(reading, [...path, fields.to === undefined ? 'add' : 'to'], to);
  return {
    add,
    to,
    owner: fields.owner ?? null,
    group: fields.group ?? null,
    includePaths: fields.includePaths ?? [],
    excludePaths: fields.excludePaths ?? [],
    position: positionOf(reading, path),
  };
}

/** An absolute path without needless parts and without a `/` at its end. */
export function cleaned(path: string): string {
  const normal = posix.normalize(path).replace(/^\/\/+/, '/');
  return normal === '/' ? normal : normal.replace(/\/$/, '');
}
