import type { RepoPath, TreeChange, TreeEntry } from './objects.ts';

/** What differs between two lists of entries, sorted by path. A path occurs at most once in each of them. */
export function treeChanges(
  before: readonly TreeEntry[],
  after: readonly TreeEntry[],
): readonly TreeChange[] {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const now = new Map(after.map((entry) => [entry.path, entry]));
  const changes: TreeChange[] = [];
  for (const [path, entry] of old) {
    const next = now.get(path) ?? null;
    if (next?.id !== entry.id || next.mode !== entry.mode) changes.push({ path, before: entry, after: next });
  }
  for (const [path, entry] of now) if (!old.has(path)) changes.push({ path, before: null, after: entry });
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Is a path `under` or below it? Everything is below the empty path. */
export function isAtOrBelow(path: RepoPath, under: RepoPath): boolean {
  return under === '' || path === under || path.startsWith(`${under}/`);
}
