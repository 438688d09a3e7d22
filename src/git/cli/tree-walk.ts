import type { EntryMode, ObjectId, RepoPath, TreeEntry } from '../objects.ts';
import type { ObjectReader } from './object-reader.ts';
import type { Submodules } from './submodules.ts';

/**
 * Finds what lies at one path by reading tree objects through the running process: no new process per question.
 * Trees that were read are remembered, since they never change.
 */
export function treeWalk(objects: Pick<ObjectReader, 'read'>, enter: Submodules['enter']) {
  const trees = new Map<string, Promise<ReadonlyMap<string, TreeEntry>>>();
  const tree = (name: string) => {
    const known = trees.get(name) ?? readTree(objects, name);
    trees.set(name, known);
    return known;
  };
  return async (commit: ObjectId, path: RepoPath): Promise<TreeEntry | null> => {
    let found: TreeEntry = { path: '', mode: '40000', id: commit };
    for (const part of path.split('/').filter((name) => name !== '')) {
      if (found.mode === '160000' ? !(await enter(found)) : found.mode !== '40000') return null;
      const next = (await tree(`${found.id}^{tree}`)).get(part);
      if (!next) return null;
      found = { ...next, path: found.path === '' ? part : `${found.path}/${part}` };
    }
    return found;
  };
}

async function readTree(
  objects: Pick<ObjectReader, 'read'>,
  name: string,
): Promise<ReadonlyMap<string, TreeEntry>> {
  const object = await objects.read(name);
  return object?.type === 'tree' ? parseTreeObject(object.content, object.id.length / 2) : new Map();
}

/** `<mode> <name>`, a zero byte and the id, again and again. @param idBytes 20, or 32 in SHA-256 repositories */
export function parseTreeObject(content: Buffer, idBytes: number): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < content.length; ) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    const path = content.toString('utf8', space + 1, end);
    const id = content.toString('hex', end + 1, end + 1 + idBytes) as ObjectId;
    entries.set(path, { path, mode: content.toString('latin1', at, space) as EntryMode, id });
    at = end + 1 + idBytes;
  }
  return entries;
}
