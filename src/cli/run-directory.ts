import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../diagnostics/user-error.ts';

/** Sockets in the directory must have paths below 108 bytes, names in it stay below 24. */
const LONGEST = 80;

/** A private directory that is made when it is first asked for. */
export interface RunDirectory {
  path(): Promise<string>;
  /** Removes it with everything in it. */
  remove(): Promise<void>;
}

/** @param parent absolute; made if it is missing */
export function runDirectory(parent: string): RunDirectory {
  let made: Promise<string> | undefined;
  const make = async () => {
    if (Buffer.byteLength(parent) > LONGEST) {
      throw new UserError('TMP_DIR_TOO_LONG', `the path of the temporary folder is too long: ${parent}`, {
        hint: 'choose a shorter one with --tmp-dir',
      });
    }
    try {
      await mkdir(parent, { recursive: true });
      return await mkdtemp(join(parent, 'werf-'));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UserError('TMP_DIR_UNUSABLE', `no temporary folder could be made in ${parent}: ${reason}`, {
        hint: 'choose another one with --tmp-dir',
        cause,
      });
    }
  };
  return {
    path: () => {
      made ??= make();
      return made;
    },
    async remove() {
      const path = await made?.catch(() => undefined);
      if (path !== undefined) await rm(path, { recursive: true, force: true });
    },
  };
}
