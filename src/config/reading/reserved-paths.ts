import type { Path } from '../yaml/config-document.ts';
import { fieldName } from './finding.ts';
import { addProblem, type ImageReading } from './image-reading.ts';

/** What build containers have of their own: nothing there gets into an image. */
const RESERVED = ['/proc', '/sys', '/dev', '/.werf'] as const;
const HINT =
  '`/proc`, `/sys`, `/dev` and `/.werf` belong to build containers, not to images: choose another path';

/** Refuses a destination that is one of the reserved directories or below it. @param to clean @param path of its field */
export function refuseReserved(reading: ImageReading, path: Path, to: string): void {
  const directory = RESERVED.find((reserved) => to === reserved || to.startsWith(`${reserved}/`));
  if (directory === undefined) return;
  const what = to === directory ? 'is a directory' : `lies in \`${directory}\`, a directory`;
  const message = `\`${fieldName(path)}\`: \`${to}\` ${what} of build containers`;
  addProblem(reading, path, 'CONFIG_RESERVED_PATH', message, { hint: HINT });
}

/** The same for a mount, which cannot be the whole image either. */
export function refuseMountTarget(reading: ImageReading, path: Path, to: string): void {
  if (to !== '/') {
    refuseReserved(reading, path, to);
    return;
  }
  const message = `\`${fieldName(path)}\`: a mount at \`/\` would hide the whole image`;
  addProblem(reading, path, 'CONFIG_RESERVED_PATH', message);
}
