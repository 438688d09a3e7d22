import type { ObjectId, RepoPath } from '../objects.ts';
import type { ObjectReader } from './object-reader.ts';
import type { StoredEntry, TreeWriter } from './object-writer.ts';
import { parseTreeObject } from './tree-walk.ts';

/** What becomes of a path; null: it goes away. */
export type TreeChanges = ReadonlyMap<RepoPath, StoredEntry | null>;

/**
 * Writes the tree that differs from another one by some paths. Only the directories of these paths are read and written.
 * @param base the tree, or a commit
 */
export async function changedTree(
  objects: Pick<ObjectReader, 'read'>,
  writer: TreeWriter,
  base: ObjectId,
  changes: TreeChanges,
): Promise<ObjectId> {
  const root: Directory = { entries: new Map(), directories: new Map() };
  for (const [path, entry] of changes) put(root, path.split('/'), entry);
  const changed = await write(root, base);
  return changed ?? (await writer.write(new Map()));

  /** @returns null for a directory that is empty now: git has no such thing */
  async function write(directory: Directory, from: ObjectId | null): Promise<ObjectId | null> {
    const entries = new Map<string, StoredEntry>(from === null ? [] : await entriesOf(from));
    for (const [name, entry] of directory.entries) {
      if (entry === null) entries.delete(name);
      else entries.set(name, entry);
    }
    for (const [name, inner] of directory.directories) {
      const before = entries.get(name);
      const id = await write(inner, before?.mode === '40000' ? before.id : null);
      // A file that took the place of a directory stays, whatever went away below it.
      if (id !== null) entries.set(name, { mode: '40000', id });
      else if (before?.mode === '40000') entries.delete(name);
    }
    return entries.size === 0 ? null : await writer.write(entries);
  }

  async function entriesOf(id: ObjectId): Promise<ReadonlyMap<string, StoredEntry>> {
    const object = await objects.read(`${id}^{tree}`);
    if (object?.type !== 'tree') throw new Error(`there is no tree ${id}`);
    return parseTreeObject(object.content, object.id.length / 2);
  }
}

interface Directory {
  readonly entries: Map<string, StoredEntry | null>;
  readonly directories: Map<string, Directory>;
}

function put({ entries, directories }: Directory, parts: readonly string[], entry: StoredEntry | null): void {
  const [name = '', ...rest] = parts;
  if (rest.length === 0) {
    entries.set(name, entry);
    return;
  }
  const inner = directories.get(name) ?? { entries: new Map(), directories: new Map() };
  directories.set(name, inner);
  put(inner, rest, entry);
}
