import git from 'isomorphic-git';
import type { EntryMode, ObjectId, RepoPath, TreeChange, TreeEntry } from '../objects.ts';
import { isAtOrBelow, treeChanges } from '../tree-changes.ts';
import type { Place } from './place.ts';

/** What differs between two commits; only directories that differ are read. Submodules stay entries. */
export async function commitChanges(
  place: Place,
  from: ObjectId,
  to: ObjectId,
  under: RepoPath,
): Promise<readonly TreeChange[]> {
  const [before, after]: [TreeEntry[], TreeEntry[]] = [[], []];
  const compare = async (left: TreeEntry | undefined, right: TreeEntry | undefined): Promise<void> => {
    if (left?.id === right?.id && left?.mode === right?.mode) return;
    if (isFileUnder(left, under)) before.push(left);
    if (isFileUnder(right, under)) after.push(right);
    const [old, now] = [await entriesOf(place, left), await entriesOf(place, right)];
    for (const name of new Set([...old.keys(), ...now.keys()])) {
      const path = old.get(name)?.path ?? now.get(name)?.path ?? '';
      if (isAtOrBelow(path, under) || isAtOrBelow(under, path)) await compare(old.get(name), now.get(name));
    }
  };
  const root = (id: ObjectId): TreeEntry => ({ path: '', mode: '40000', id });
  await compare(root(from), root(to));
  return treeChanges(before, after);
}

function isFileUnder(entry: TreeEntry | undefined, under: RepoPath): entry is TreeEntry {
  return entry !== undefined && entry.mode !== '40000' && isAtOrBelow(entry.path, under);
}

/** By name; none of what is no directory. A commit stands for its tree. */
async function entriesOf(place: Place, directory: TreeEntry | undefined): Promise<Map<string, TreeEntry>> {
  if (directory?.mode !== '40000') return new Map();
  const { tree } = await git.readTree({ ...place, oid: directory.id });
  return new Map(
    tree.map(({ path, mode, oid }) => {
      const whole = directory.path === '' ? path : `${directory.path}/${path}`;
      const entry = { path: whole, mode: mode.replace(/^0/, '') as EntryMode, id: oid as ObjectId };
      return [path, entry];
    }),
  );
}

/** Those of `candidates` that a walk from `of` meets; it ends where all are met or history does. */
export async function ancestorsAmong(
  place: Place,
  candidates: readonly ObjectId[],
  of: ObjectId,
): Promise<ReadonlySet<ObjectId>> {
  const wanted = new Set(candidates);
  const found = new Set<ObjectId>();
  const seen = new Set([of]);
  for (const id of seen) {
    if (found.size === wanted.size) break;
    const read = await git.readCommit({ ...place, oid: id }).catch(absent);
    if (read === null) continue;
    if (wanted.has(id)) found.add(id);
    for (const parent of read.commit.parent) seen.add(parent as ObjectId);
  }
  return found;
}

/** Null for an object or a reference that is not there. */
export function absent(error: unknown): null {
  if (error instanceof git.Errors.NotFoundError) return null;
  throw error;
}
