import type { EntryMode, ObjectId, RepoPath, TreeEntry } from '../objects.ts';
import type { ObjectReader } from './object-reader.ts';
import type { Submodules } from './submodules.ts';

/** Questions about single paths of commits. */
export interface TreeWalk {
  /** What lies at a path, in submodules too; null when nothing is there. */
  entry(commit: ObjectId, path: RepoPath): Promise<TreeEntry | null>;
  /** The outermost submodule that a path lies in; null when it lies in none. */
  submoduleAbove(commit: ObjectId, path: RepoPath): Promise<RepoPath | null>;
}

/**
 * Finds what lies at one path by reading tree objects through the running process: no new process per question.
 * Trees that were read are remembered, since they never change.
 */
export function treeWalk(objects: Pick<ObjectReader, 'read'>, enter: Submodules['enter']): TreeWalk {
  const trees = new Map<string, Promise<ReadonlyMap<string, TreeEntry>>>();
  const tree = (name: string) => {
    const known = trees.get(name) ?? readTree(objects, name);
    trees.set(name, known);
    return known;
  };
  /** Every entry on the way to a path, outermost first, as far as `goesOn` allows and something is there. */
  async function* way(commit: ObjectId, path: RepoPath, goesOn: (entry: TreeEntry) => Promise<boolean>) {
    let found: TreeEntry = { path: '', mode: '40000', id: commit };
    yield found;
    for (const part of path.split('/').filter((name) => name !== '')) {
      if (found.mode !== '40000' && !(await goesOn(found))) return;
      const next = (await tree(`${found.id}^{tree}`)).get(part);
      if (!next) return;
      found = { ...next, path: found.path === '' ? part : `${found.path}/${part}` };
      yield found;
    }
  }
  return {
    async entry(commit, path) {
      const wanted = path.split('/').filter((name) => name !== '').length;
      let [found, depth]: [TreeEntry | null, number] = [null, -1];
      const goesOn = async (entry: TreeEntry) => entry.mode === '160000' && (await enter(entry));
      for await (const entry of way(commit, path, goesOn)) [found, depth] = [entry, depth + 1];
      return depth === wanted ? found : null;
    },
    async submoduleAbove(commit, path) {
      for await (const entry of way(commit, path, async () => false)) {
        if (entry.mode === '160000' && entry.path !== path) return entry.path;
      }
      return null;
    },
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
