import type { ObjectId, RepoPath, TreeChange } from '../objects.ts';
import { isAtOrBelow, treeChanges } from '../tree-changes.ts';
import type { GitProgram } from './git-program.ts';
import { parseRawDiff } from './parse-listings.ts';
import type { Submodules } from './submodules.ts';

/** The user's configuration may ask for renames, and leave submodules out. */
const COMMAND = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', '--ignore-submodules=none'];

/**
 * Finds what differs between two commits in one process, two where submodules moved.
 * @param submoduleAbove the path of the submodule of a commit that a path lies in; null: in none
 */
export function commitChanges(
  git: GitProgram,
  expand: Submodules['expand'],
  submoduleAbove: (commit: ObjectId, path: RepoPath) => Promise<RepoPath | null>,
) {
  return async (from: ObjectId, to: ObjectId, under: RepoPath): Promise<readonly TreeChange[]> => {
    if (from === to) return [];
    const above = (await submoduleAbove(from, under)) ?? (await submoduleAbove(to, under));
    const place = above ?? under;
    const only = place === '' ? [] : ['--', `:(top,literal)${place}`];
    const { before, after } = parseRawDiff(await git.output([...COMMAND, from, to, ...only]));
    const [old, now] = [await expand(before, from), await expand(after, to)];
    const inside = ({ path }: { readonly path: RepoPath }) => isAtOrBelow(path, under);
    return treeChanges(old.filter(inside), now.filter(inside));
  };
}
