import { createHash, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEnded, thisProcess } from '../../concurrency/process-identity.ts';
import type { Locks } from '../locks.ts';

/** How locks are waited for, in milliseconds. */
export interface LockTimes {
  /** Between two looks at a lock that another one holds. */
  readonly look: number;
  /** Holders show that they live as often as this. */
  readonly sign: number;
  /** Who shows nothing for so long is taken for dead, where it cannot be asked: it may run in another container. */
  readonly silence: number;
}

const TIMES: LockTimes = { look: 100, sign: 1000, silence: 15_000 };

/**
 * Locks among the processes that share a directory, in containers too: files that say who holds them. That of a killed
 * process is taken over. Whoever waits for one stops waiting when its signal is aborted.
 * @param directory absolute; made if it is missing
 */
export function machineLocks(directory: string, times: LockTimes = TIMES): Locks {
  return {
    async hold(name, signal, work) {
      signal.throwIfAborted();
      // As many may wait as there are.
      setMaxListeners(0, signal);
      await mkdir(directory, { recursive: true });
      const path = join(directory, `${createHash('sha256').update(name).digest('hex')}.lock`);
      const owner = `${await thisProcess()} ${randomUUID()}`;
      await take(path, owner, times, signal);
      const living = setInterval(() => {
        const now = new Date();
        utimes(path, now, now).catch(() => undefined);
      }, times.sign);
      try {
        return await work();
      } finally {
        clearInterval(living);
        if ((await ownerOf(path)) === owner) await rm(path, { force: true });
      }
    },
  };
}

async function take(path: string, owner: string, times: LockTimes, signal: AbortSignal): Promise<void> {
  let seen = { sign: '', since: performance.now() };
  while (!(await create(path, owner))) {
    const holder = await ownerOf(path);
    const sign = `${holder} ${await lastSign(path)}`;
    if (sign !== seen.sign) seen = { sign, since: performance.now() };
    const isSilent = performance.now() - seen.since > times.silence;
    if (holder !== null && (isSilent || (await hasEnded(holder)))) await remove(path, holder);
    else await sleep(times.look, undefined, { signal });
  }
}

/** The file appears with its content, or not at all. */
async function create(path: string, owner: string): Promise<boolean> {
  const draft = `${path}.${owner.slice(-36)}`;
  await writeFile(draft, owner);
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Two may want to remove the lock of the dead at once: what is no longer theirs is put back. */
async function remove(path: string, holder: string): Promise<void> {
  const aside = `${path}.${randomUUID()}`;
  const isMoved = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isMoved) return;
  if ((await ownerOf(aside)) !== holder) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function ownerOf(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null);
}

async function lastSign(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}
