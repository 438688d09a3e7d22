import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** A work tree and where its repository lies. */
export interface FoundWorkTree {
  /** Absolute path of its root. */
  readonly root: string;
  /** Absolute path of its `.git` directory, also where `.git` is a file that points to it. */
  readonly gitDirectory: string;
}

/** The work tree at or above a directory; null when there is none. */
export async function findWorkTree(start: string): Promise<FoundWorkTree | null> {
  for (let directory = resolve(start); ; directory = dirname(directory)) {
    const gitDirectory = await gitDirectoryOf(directory);
    if (gitDirectory !== null) return { root: directory, gitDirectory };
    if (directory === dirname(directory)) return null;
  }
}

async function gitDirectoryOf(directory: string): Promise<string | null> {
  const path = join(directory, '.git');
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return path;
  if (!found?.isFile()) return null;
  const [, target] = /^gitdir: (.+?)\s*$/.exec(await readFile(path, 'utf8')) ?? [];
  return target === undefined ? null : resolve(directory, target);
}
