import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import type { ObjectId, RepoPath, TreeEntry } from '../objects.ts';
import type { GitProgram } from './git-program.ts';
import type { ObjectReader } from './object-reader.ts';
import { parseTree } from './parse-listings.ts';
import { addressOf } from './submodule-address.ts';

/** Makes what submodules hold at the commits that trees name readable. */
export interface Submodules {
  /** From then on the submodule's objects can be read. @returns false where its commit cannot be had */
  enter(submodule: TreeEntry): Promise<boolean>;
  /**
   * Entries in their order, each submodule replaced by its files; those that cannot be had stay as they are.
   * @param commit whose `.gitmodules` tells addresses first; the one that the repository stands at tells the others
   */
  expand(entries: readonly TreeEntry[], commit?: ObjectId): Promise<readonly TreeEntry[]>;
  /** All that were entered. */
  entered(): readonly EnteredSubmodule[];
}

/** A submodule whose objects can be read. */
export interface EnteredSubmodule {
  readonly path: RepoPath;
  readonly commit: ObjectId;
  readonly git: GitProgram;
}

export interface SubmodulesParts {
  readonly git: GitProgram;
  readonly objects: Pick<ObjectReader, 'borrow'>;
  readonly programIn: (directory: string) => GitProgram;
  /** Absolute path of the directory that submodules are fetched into which the work tree lacks. */
  readonly cache: string;
  /** The commit whose `.gitmodules` tells addresses. */
  readonly standsAt: string;
}

/** A repository that has submodules. */
interface Owner {
  readonly git: GitProgram;
  /** Its own path; '' for the outermost one. */
  readonly path: RepoPath;
  /** Commits whose `.gitmodules` are asked, in this order. */
  readonly commits: readonly string[];
  /** What addresses are relative to; null: to that of its `origin`. */
  readonly url: string | null;
}

interface Found extends EnteredSubmodule {
  /** Where it was fetched from; null: it lies in the work tree. */
  readonly url: string | null;
}

export function submodulesOf(parts: SubmodulesParts): Submodules {
  const { git, objects, standsAt } = parts;
  const found = new Map<string, Found>();
  const looked = new Map<string, Promise<Found | null>>();

  /** The innermost repositories that a path lies in: one for each of their commits that were entered. */
  const ownersOf = (path: RepoPath, commits: readonly string[]): readonly Owner[] => {
    const around = [...found.values()].filter((outer) => path.startsWith(`${outer.path}/`));
    const deepest = Math.max(0, ...around.map((outer) => outer.path.length));
    if (deepest === 0) return [{ git, path: '', commits, url: null }];
    return around
      .filter((outer) => outer.path.length === deepest)
      .map((outer) => ({ ...outer, commits: [outer.commit] }));
  };
  const look = async ({ path, id }: TreeEntry, commits: readonly string[]): Promise<Found | null> => {
    for (const owner of ownersOf(path, commits)) {
      const place = await find(parts, owner, posix.relative(owner.path, path), id);
      if (place === null) continue;
      const directory = (await place.git.output(['rev-parse', '--git-path', 'objects'])).toString('utf8');
      await objects.borrow(resolve(place.git.workTree, directory.trim()));
      const entered = { path, commit: id, ...place };
      found.set(`${id} ${path}`, entered);
      return entered;
    }
    return null;
  };
  const enterAt = (submodule: TreeEntry, commit: string | undefined) => {
    const commits = commit === undefined ? [standsAt] : [commit, standsAt];
    const key = [submodule.id, submodule.path, ...commits].join(' ');
    const known = looked.get(key) ?? look(submodule, commits);
    looked.set(key, known);
    return known;
  };
  const expand: Submodules['expand'] = async (entries, commit) => {
    const expanded: TreeEntry[] = [];
    for (const entry of entries) {
      const submodule = entry.mode === '160000' ? await enterAt(entry, commit) : null;
      if (submodule === null) expanded.push(entry);
      else {
        const listing = await submodule.git.output(['ls-tree', '-r', '-z', '--full-tree', entry.id]);
        const inside = parseTree(listing).map((one) => ({ ...one, path: posix.join(entry.path, one.path) }));
        for (const one of await expand(inside)) expanded.push(one);
      }
    }
    return expanded;
  };
  return {
    enter: async (submodule) => (await enterAt(submodule, undefined)) !== null,
    expand,
    entered: () => [...found.values()],
  };
}

/** The repository that has a submodule's commit: that of the work tree, else one that is fetched. */
async function find(
  { programIn, cache }: SubmodulesParts,
  owner: Owner,
  path: RepoPath,
  commit: ObjectId,
): Promise<{ readonly git: GitProgram; readonly url: string | null } | null> {
  const inside = programIn(join(owner.git.workTree, path));
  if (await hasCommit(inside, commit)) return { git: inside, url: null };
  const url = await addressOf(owner, path);
  if (url === null) return null;
  const directory = join(cache, createHash('sha256').update(url).digest('hex'));
  await mkdir(directory, { recursive: true });
  const mirror = programIn(directory);
  if (await hasCommit(mirror, commit)) return { git: mirror, url };
  await mirror.attempt(['init', '--quiet', '--bare']);
  // The commit alone where the server gives it, else all branches and tags.
  const fetch = ['fetch', '--quiet'];
  await mirror.attempt([...fetch, '--depth=1', '--', url, commit]);
  if (await hasCommit(mirror, commit)) return { git: mirror, url };
  await mirror.attempt([...fetch, '--', url, '+refs/*:refs/fetched/*']);
  return (await hasCommit(mirror, commit)) ? { git: mirror, url } : null;
}

async function hasCommit(git: GitProgram, commit: ObjectId): Promise<boolean> {
  const { status } = await git
    .attempt(['cat-file', '-e', `${commit}^{commit}`])
    .catch(() => ({ status: -1 }));
  return status === 0;
}
