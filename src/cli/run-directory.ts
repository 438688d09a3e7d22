import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasEnded, thisProcess } from '../concurrency/process-identity.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { removeTree } from './remove-tree.ts';

/** Sockets in the directory must have paths below 108 bytes, names in it stay below 24. */
const LONGEST = 80;
const PREFIX = 'werf-';
/** Says whose directory it is. */
const OWNER = 'owner';

/** A private directory that is made when it is first asked for. */
export interface RunDirectory {
  path(): Promise<string>;
  /** Removes it with everything in it. */
  remove(): Promise<void>;
}

/** Removes a part of the directory `run` that its owner cannot remove, as parts of it belong to others. */
export type RemoveForeign = (path: string, run: string) => Promise<void>;

/**
 * What runs left that were killed is removed as well.
 * @param parent absolute; made if it is missing
 */
export function runDirectory(parent: string, removeForeign: RemoveForeign): RunDirectory {
  let made: Promise<string> | undefined;
  let swept: Promise<void> | undefined;
  const make = async () => {
    if (Buffer.byteLength(parent) > LONGEST) {
      throw new UserError('TMP_DIR_TOO_LONG', `the path of the temporary folder is too long: ${parent}`, {
        hint: 'choose a shorter one with --tmp-dir',
      });
    }
    let path: string | undefined;
    try {
      await mkdir(parent, { recursive: true });
      path = await mkdtemp(join(parent, PREFIX));
      await writeFile(join(path, OWNER), `${await thisProcess()}\n`);
      swept = sweep(parent, removeForeign);
      return path;
    } catch (cause) {
      if (path !== undefined) await removeTree(path).catch(() => undefined);
      throw new UserError(
        'TMP_DIR_UNUSABLE',
        `no temporary folder could be made in ${parent}: ${reasonOf(cause)}`,
        {
          hint: 'choose another one with --tmp-dir or TMPDIR',
          cause,
        },
      );
    }
  };
  return {
    path: () => {
      made ??= make();
      return made;
    },
    async remove() {
      const path = await made?.catch(() => undefined);
      await swept;
      if (path !== undefined) await removeRun(path, removeForeign);
    },
  };
}

/** What went wrong, without the call and the path behind it. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/, \w+(?: '.*')?$/s, '');
}

/** Removes the directories of runs that have ended without doing so. What cannot be removed is left. */
async function sweep(parent: string, removeForeign: RemoveForeign): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(PREFIX))) {
    const path = join(parent, name);
    const owner = await readFile(join(path, OWNER), 'utf8').catch(() => null);
    if (owner === null || !(await hasEnded(owner))) continue;
    await removeRun(path, removeForeign).catch(() => undefined);
  }
}

/** The owner goes last: what could not be removed is tried again by the next run. */
async function removeRun(run: string, removeForeign: RemoveForeign): Promise<void> {
  for (const name of await readdir(run).catch(() => [])) {
    const path = join(run, name);
    if (name !== OWNER) await removeTree(path).catch(() => removeForeign(path, run));
  }
  await removeTree(run);
}
