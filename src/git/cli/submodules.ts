import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import type { ObjectId, RepoPath, TreeEntry } from '../objects.ts';
import type { GitProgram } from './git-program.ts';
import type { ObjectReader } from './object-reader.ts';
import { parseTree } from './parse-listings.ts';

/** Makes what submodules hold at the commits that trees name readable. */
export interface Submodules {
  /** From then on the submodule's objects can be read. @returns false where its commit cannot be had */
  enter(submodule: TreeEntry): Promise<boolean>;
  /** Entries in their order, each submodule replaced by its files; those that cannot be had stay as they are. */
  expand(entries: readonly TreeEntry[]): Promise<readonly TreeEntry[]>;
}

export interface SubmodulesParts {
  readonly git: GitProgram;
  readonly objects: ObjectReader;
  readonly programIn: (directory: string) => GitProgram;
  /** Absolute path of the directory that submodules are fetched into which the work tree lacks. */
  readonly cache: string;
}

export function submodulesOf(parts: SubmodulesParts): Submodules {
  const { git, objects } = parts;
  const places = new Map<string, Promise<GitProgram | null>>();
  const place = ({ path, id }: TreeEntry) => {
    const key = `${id} ${path}`;
    const known = places.get(key) ?? find(parts, path, id);
    places.set(key, known);
    return known;
  };
  const enter = async (submodule: TreeEntry) => {
    const found = await place(submodule);
    if (found === null) return false;
    const directory = (await found.output(['rev-parse', '--git-path', 'objects'])).toString('utf8').trim();
    await objects.borrow(resolve(found.workTree, directory));
    return true;
  };
  const expand: Submodules['expand'] = async (entries) => {
    const expanded = await Promise.all(
      entries.map(async (entry): Promise<readonly TreeEntry[]> => {
        if (entry.mode !== '160000' || !(await enter(entry))) return [entry];
        const found = await place(entry);
        const listing = await (found ?? git).output(['ls-tree', '-r', '-z', '--full-tree', entry.id]);
        const inside = parseTree(listing).map((one) => ({ ...one, path: posix.join(entry.path, one.path) }));
        return await expand(inside);
      }),
    );
    return expanded.flat();
  };
  return { enter, expand };
}

/** The repository that has a submodule's commit: that of the work tree, else one that is fetched. */
async function find(parts: SubmodulesParts, path: RepoPath, commit: ObjectId): Promise<GitProgram | null> {
  const { git, programIn, cache } = parts;
  const inside = programIn(join(git.workTree, path));
  if (await hasCommit(inside, commit)) return inside;
  const url = await urlOf(git, path);
  if (url === null) return null;
  const directory = join(cache, createHash('sha256').update(url).digest('hex'));
  await mkdir(directory, { recursive: true });
  const mirror = programIn(directory);
  if (await hasCommit(mirror, commit)) return mirror;
  await mirror.attempt(['init', '--quiet', '--bare']);
  // The commit alone where the server gives it, else all branches and tags.
  await mirror.attempt(['fetch', '--quiet', '--no-write-fetch-head', '--depth=1', url, commit]);
  if (await hasCommit(mirror, commit)) return mirror;
  await mirror.attempt(['fetch', '--quiet', '--no-write-fetch-head', url, '+refs/*:refs/fetched/*']);
  return (await hasCommit(mirror, commit)) ? mirror : null;
}

async function hasCommit(git: GitProgram, commit: ObjectId): Promise<boolean> {
  const { status } = await git
    .attempt(['cat-file', '-e', `${commit}^{commit}`])
    .catch(() => ({ status: -1 }));
  return status === 0;
}

/** What `.gitmodules` of HEAD says; relative addresses are relative to that of `origin`. */
async function urlOf(git: GitProgram, path: RepoPath): Promise<string | null> {
  const listed = await git.attempt([
    'config',
    '--blob',
    'HEAD:.gitmodules',
    '--get-regexp',
    '^submodule\\..*\\.(path|url)$',
  ]);
  const lines = listed.text.split('\n').map((line) => /^submodule\.(.+)\.(path|url) (.*)$/.exec(line));
  const name = lines.find((line) => line?.[2] === 'path' && line[3] === path)?.[1];
  const url = lines.find((line) => line?.[2] === 'url' && line[1] === name)?.[3];
  if (name === undefined || url === undefined) return null;
  if (!/^\.\.?\//.test(url)) return url;
  const origin = await git.attempt(['config', '--get', 'remote.origin.url']);
  return relativeTo(origin.status === 0 ? origin.text : git.workTree, url);
}

/** `../lib.git` beside `ssh://host/group/app.git` is `ssh://host/group/lib.git`. */
export function relativeTo(base: string, url: string): string {
  let [directory, rest] = [base.replace(/\/+$/, ''), url];
  for (;;) {
    if (rest.startsWith('./')) rest = rest.slice(2);
    else if (rest.startsWith('../')) {
      rest = rest.slice(3);
      directory = directory.replace(/[/:][^/:]*$/, (end) => (end.startsWith(':') ? ':' : ''));
    } else return directory.endsWith(':') ? `${directory}${rest}` : `${directory}/${rest}`;
  }
}
