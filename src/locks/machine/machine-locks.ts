import { createHash, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
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
 *
 * A lock is a chain: the file of its name, then, for each holder that died, a file named for that holder, which says who
 * took over. It is held by whom the last one names. None of them ever changes, so nobody takes from a living holder what
 * a dead one had. Small files are handled at once, not by way of the thread pool: that would take ten times as long.
 * @param directory absolute; made if it is missing
 */
export function machineLocks(directory: string, times: LockTimes = TIMES): Locks {
  let self: Promise<string> | undefined;
  return {
    async hold(name, signal, work) {
      signal.throwIfAborted();
      // As many may wait as there are.
      setMaxListeners(0, signal);
      mkdirSync(directory, { recursive: true });
      const path = join(directory, `${hash(name)}.lock`);
      self ??= thisProcess();
      const owner = `${await self} ${randomUUID()}`;
      const chain = await take(path, owner, times, signal);
      const losing = new AbortController();
      const living = setInterval(() => show(chain, owner, losing), times.sign);
      try {
        return await work({ lost: losing.signal });
      } finally {
        clearInterval(living);
        giveBack(chain, owner);
      }
    },
  };
}

/** @returns the files of the chain, the last of which says `owner` */
async function take(
  path: string,
  owner: string,
  times: LockTimes,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let [chain, seen] = [[path], { sign: '', since: performance.now() }];
  for (;;) {
    const last = chain.at(-1) ?? path;
    if (create(last, owner)) {
      if (isChain(chain)) return chain;
      // What was looked at has been given back since.
      rmSync(last, { force: true });
      chain = [path];
      continue;
    }
    const holder = ownerOf(last);
    if (holder === null) {
      chain = [path];
      continue;
    }
    const after = successorOf(path, holder);
    if (existsSync(after) || (await hasEnded(holder))) {
      chain = [...chain, after];
      continue;
    }
    const sign = `${holder} ${lastSign(last)}`;
    if (sign !== seen.sign) seen = { sign, since: performance.now() };
    if (performance.now() - seen.since > times.silence) {
      chain = [...chain, after];
      continue;
    }
    await sleep(times.look, undefined, { signal });
    chain = [path];
  }
}

/** Does each file still name whom the next one follows? The first is removed first, so a whole chain is a valid one. */
function isChain(chain: readonly string[]): boolean {
  const [path = '', ...rest] = chain;
  let before = path;
  for (const after of rest) {
    const holder = ownerOf(before);
    if (holder === null || successorOf(path, holder) !== after) return false;
    before = after;
  }
  return true;
}

/** Shows that the holder lives, and learns whether another one took it for dead. */
function show(chain: readonly string[], owner: string, losing: AbortController): void {
  const now = new Date();
  ignoringErrors(() => utimesSync(chain.at(-1) ?? '', now, now));
  if (existsSync(successorOf(chain[0] ?? '', owner)))
    losing.abort(new Error('another process took the lock'));
}

/** What cannot be removed is that of an ended process soon. */
function giveBack(chain: readonly string[], owner: string): void {
  if (existsSync(successorOf(chain[0] ?? '', owner)) || ownerOf(chain.at(-1) ?? '') !== owner) return;
  ignoringErrors(() => {
    for (const file of chain) rmSync(file, { force: true });
  });
}

/** The file of who takes over from a dead holder. */
function successorOf(path: string, holder: string): string {
  return `${path}.${hash(holder).slice(0, 32)}`;
}

/** The file appears with its content, or not at all. */
function create(path: string, owner: string): boolean {
  const draft = `${path}.${owner.slice(-36)}`;
  writeFileSync(draft, owner);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** null: there is no such file. Who cannot be read is not known to have ended. */
function ownerOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? null : '';
  }
}

function lastSign(path: string): number {
  return ignoringErrors(() => statSync(path).mtimeMs) ?? 0;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function ignoringErrors<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
