import { posix } from 'node:path';
import { sharedWork } from '../concurrency/shared-work.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Commit, ObjectId, RepoPath, TreeEntry } from '../git/objects.ts';
import type { GitRepository, LocalChange } from '../git/repository.ts';
import { notFoundInCommit, uncommitted, untracked } from './refusals.ts';

/** The files of one commit, below the project directory, and how the work tree differs from them. */
export interface CommittedFiles {
  readonly commit: Commit;
  /** Path of the project directory inside the repository; '' for its root. */
  readonly prefix: RepoPath;
  /**
   * Content of a file, links inside the tree followed.
   * @throws UserError when it, or a link on the way, is missing, not committed or changed locally
   */
  read(path: string): Promise<Buffer>;
  /** Is a file or directory there in the commit? */
  has(path: string): Promise<boolean>;
  /** Is a directory there in the commit? */
  isDirectory(path: string): Promise<boolean>;
  /** Entries at or below a directory; paths relative to it. */
  below(directory: string): Promise<readonly TreeEntry[]>;
  /** What differs below a directory; paths relative to it. */
  changesBelow(directory: string): Promise<readonly LocalChange[]>;
}

export interface CommittedFilesParts {
  readonly repository: GitRepository;
  readonly commit: Commit;
  readonly prefix: RepoPath;
  /** Is a file there on the disk? Path relative to the project. */
  readonly onDisk: (path: string) => Promise<boolean>;
  /** Look at the whole work tree at once, now, since most of it will be asked for; else only where it is asked. */
  readonly wholeStatus: boolean;
  /** The work tree is not looked at: the commit was made from it, or the user asked for no checks. */
  readonly unchecked: boolean;
}

/** Where a path leads in the commit's tree. */
interface Resolved {
  /** null: nothing is there. */
  readonly target: TreeEntry | null;
  /** The path after all links. */
  readonly wanted: RepoPath;
  readonly links: readonly RepoPath[];
}

/** As many links as Linux follows. */
const MOST_LINKS = 40;

export function committedFiles(parts: CommittedFilesParts): CommittedFiles {
  const { repository, commit, prefix } = parts;
  const entries = sharedWork<TreeEntry | null>();
  const entry = (path: RepoPath) => entries.get(path, () => repository.commits.entry(commit.id, path));
  const changes = sharedWork<readonly LocalChange[]>();
  const inRepository = (path: string) => joined(prefix, path);
  const changesUnder = (path: RepoPath) =>
    changes.get(path, async () =>
      parts.unchecked ? [] : await repository.workTree.changes(path === '' ? [] : [path]),
    );
  const changesAt = async (path: RepoPath) => {
    if (!parts.wholeStatus) return await changesUnder(path);
    return (await changesUnder(prefix)).filter(
      (change) => path === '' || change.path === path || change.path.startsWith(`${path}/`),
    );
  };
  if (parts.wholeStatus) changesUnder(prefix).catch(() => undefined);

  const withSubmodules = async (found: readonly TreeEntry[]) =>
    found.some(({ mode }) => mode === '160000') ? await repository.commits.withSubmodules(found) : found;

  const content = async (id: ObjectId) => await repository.commits.blob(id);

  /** Follows links component by component; every link met on the way is noted. */
  const resolve = async (path: string): Promise<Resolved> => {
    const links: RepoPath[] = [];
    let wanted = inRepository(path);
    for (;;) {
      const step = await firstLink(wanted, entry);
      if (step === null) return { target: null, wanted, links };
      if (step.link === null) return { target: step.entry, wanted, links };
      if (links.push(step.link.path) > MOST_LINKS)
        throw brokenLink(path, 'too many levels of symbolic links');
      const target = (await content(step.link.id)).toString('utf8');
      wanted = posix.normalize(posix.join(posix.dirname(step.link.path), target, step.rest));
      if (target.startsWith('/') || wanted === '..' || wanted.startsWith('../')) {
        throw brokenLink(path, `the link target "${target}" leaves the repository`);
      }
    }
  };

  return {
    commit,
    prefix,
    async read(path) {
      const found = await resolve(path);
      if (found.target === null || found.target.mode === '40000') {
        const wanted = relative(prefix, found.wanted);
        if (await parts.onDisk(wanted)) throw untracked([wanted]);
        if (found.links.length > 0) {
          throw brokenLink(path, `the link target "${wanted}" is not in the repository`);
        }
        throw notFoundInCommit(path);
      }
      for (const used of parts.unchecked ? [] : [...found.links, found.target.path]) {
        if ((await changesAt(used)).length > 0) throw uncommitted([relative(prefix, used)]);
      }
      return await content(found.target.id);
    },
    has: async (path) => (await resolve(path)).target !== null,
    isDirectory: async (path) => (await resolve(path)).target?.mode === '40000',
    async below(directory) {
      const top = inRepository(directory);
      const all = await withSubmodules(await repository.commits.tree(commit.id, top));
      return all.map((found) => ({ ...found, path: relative(top, found.path) }));
    },
    async changesBelow(directory) {
      const top = inRepository(directory);
      return (await changesAt(top)).map((change) => ({ ...change, path: relative(top, change.path) }));
    },
  };
}

/** Looks for the first symbolic link among the components of a path. */
async function firstLink(path: RepoPath, entry: (path: RepoPath) => Promise<TreeEntry | null>) {
  const whole = await entry(path);
  if (whole !== null && whole.mode !== '120000') return { link: null, entry: whole, rest: '' };
  if (whole !== null) return { link: whole, entry: whole, rest: '' };
  for (let parent = posix.dirname(path); parent !== '.'; parent = posix.dirname(parent)) {
    const found = await entry(parent);
    if (found?.mode === '120000') return { link: found, entry: found, rest: path.slice(parent.length + 1) };
    if (found !== null) return null;
  }
  return null;
}

function brokenLink(path: string, why: string): UserError {
  return new UserError('GITERMINISM_SYMLINK', `symlink "${path}" check failed: ${why}`);
}

function joined(prefix: RepoPath, path: string): RepoPath {
  const whole = posix.normalize(posix.join(prefix, path));
  return whole === '.' ? '' : whole.replace(/\/$/, '');
}

function relative(from: RepoPath, path: RepoPath): string {
  if (from === '') return path;
  return path.startsWith(`${from}/`) ? path.slice(from.length + 1) : posix.relative(from, path);
}
