import { once } from 'node:events';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntryMode, ObjectId, RepoPath } from '../objects.ts';
import { byteReader } from './byte-reader.ts';
import { type GitProgram, gitFailed } from './git-program.ts';

/** An entry as trees hold it. */
export interface StoredEntry {
  readonly mode: EntryMode;
  readonly id: ObjectId;
}

/** Writes one object. @param type blob, tree or commit */
export async function writeObject(git: GitProgram, type: string, content: string): Promise<ObjectId> {
  const [id] = await answers(git, ['hash-object', '-t', type, '-w', '--stdin'], content, 1);
  return id as ObjectId;
}

/**
 * Stores files as `git add` would: filters and line ends as configured, links as links.
 * @param files with the mode that git knows of them; null: it is that of the disk
 * @returns their entries, in the order asked
 */
export async function storeFiles(
  git: GitProgram,
  files: readonly { readonly path: RepoPath; readonly mode: EntryMode | null }[],
  signal: AbortSignal,
): Promise<readonly StoredEntry[]> {
  const found = await Promise.all(
    files.map(async ({ path, mode }) => ({ path, mode: mode ?? (await modeOnDisk(git.workTree, path)) })),
  );
  const entries = new Map<RepoPath, StoredEntry>();
  // Names are given line by line.
  const plain = found.filter(({ path, mode }) => mode !== '120000' && !path.includes('\n'));
  const names = plain.map(({ path }) => `${path}\n`).join('');
  const ids =
    plain.length === 0 ? [] : await answers(git, ['hash-object', '-w', '--stdin-paths'], names, plain.length);
  for (const [i, { path, mode }] of plain.entries()) entries.set(path, { mode, id: ids[i] as ObjectId });
  for (const { path, mode } of found) {
    signal.throwIfAborted();
    if (entries.has(path)) continue;
    if (mode === '120000') {
      entries.set(path, {
        mode,
        id: await writeObject(git, 'blob', await readlink(join(git.workTree, path))),
      });
    } else {
      const id = await git.output(['hash-object', '-w', '--', path], signal);
      entries.set(path, { mode, id: id.toString().trim() as ObjectId });
    }
  }
  return found.map(({ path }) => {
    const entry = entries.get(path);
    if (!entry) throw new Error(`${path} was not stored`);
    return entry;
  });
}

async function modeOnDisk(workTree: string, path: RepoPath): Promise<EntryMode> {
  const found = await lstat(join(workTree, path));
  if (found.isSymbolicLink()) return '120000';
  return (found.mode & 0o100) === 0 ? '100644' : '100755';
}

/** The lines that a command answers to an input. */
async function answers(
  git: GitProgram,
  args: readonly string[],
  input: string,
  count: number,
): Promise<readonly string[]> {
  const child = git.converse(args);
  const reader = byteReader(child.stdout);
  child.stdin.end(input);
  const lines: string[] = [];
  for (let line = await reader.line(); line !== null; line = await reader.line()) lines.push(line);
  await child;
  if (lines.length === count) return lines;
  throw gitFailed(git.workTree, args, await child.lastWords());
}

/** Writes trees through one process. */
export interface TreeWriter {
  /** @param entries by name, in any order */
  write(entries: ReadonlyMap<string, StoredEntry>): Promise<ObjectId>;
  close(): Promise<void>;
}

export function treeWriter(git: GitProgram): TreeWriter {
  const child = git.converse(['mktree', '-z', '--batch', '--missing']);
  const reader = byteReader(child.stdout);
  return {
    async write(entries) {
      const records = [...entries].map(([name, { mode, id }]) => `${mode} ${typeOf(mode)} ${id}\t${name}\0`);
      if (!child.stdin.write(`${records.join('')}\0`)) await once(child.stdin, 'drain');
      const id = await reader.line();
      if (id === null) throw gitFailed(git.workTree, ['mktree'], await child.lastWords());
      return id as ObjectId;
    },
    async close() {
      child.stdin.end();
      child.stdout.destroy();
      child.kill();
      await child;
    },
  };
}

function typeOf(mode: EntryMode): string {
  if (mode === '40000') return 'tree';
  return mode === '160000' ? 'commit' : 'blob';
}
