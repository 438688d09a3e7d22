import { parseCommit } from '../commit-object.ts';
import type { CommitReader, GitRepository, History, WorkTree } from '../repository.ts';
import { ancestorsAmong } from './ancestors.ts';
import { commitChanges } from './commit-changes.ts';
import { deepen, isShallow } from './deepen.ts';
import { cliDevCommits } from './dev-commits.ts';
import { type GitOptions, type GitProgram, gitProgram } from './git-program.ts';
import { cliLargeFiles } from './large-files.ts';
import { cliLineEnds } from './line-ends.ts';
import { type ObjectReader, objectReader } from './object-reader.ts';
import { parseStatus, parseTree } from './parse-listings.ts';
import { type Submodules, submodulesOf } from './submodules.ts';
import { type TreeWalk, treeWalk } from './tree-walk.ts';

/**
 * A repository read by the git program.
 * @param workTree absolute path of its root
 * @param cache absolute path of a directory for what must be fetched of submodules; need not exist
 */
export function cliRepository(
  workTree: string,
  env: Readonly<Record<string, string | undefined>>,
  cache: string,
): GitRepository {
  return repositoryAt({ directory: workTree, env, cache, standsAt: 'HEAD' });
}

export interface RepositoryParts {
  /** Absolute path of a work tree's root, or of a repository without one. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of a directory for what must be fetched of submodules; need not exist. */
  readonly cache: string;
  /** The commit that counts as checked out: its `.gitmodules` tells where submodules are. */
  readonly standsAt: string;
  /** How git is called, here and for submodules. */
  readonly options?: GitOptions;
}

/** A repository read by the git program, which need not have a work tree. */
export function repositoryAt(parts: RepositoryParts): GitRepository {
  const { directory, env, cache, standsAt, options = {} } = parts;
  const git = gitProgram(directory, env, options);
  const objects = objectReader(git);
  const { settings = [] } = options;
  const programIn = (place: string) => gitProgram(place, env, { settings });
  const submodules = submodulesOf({ git, objects, programIn, cache, standsAt });
  const walk = treeWalk(objects, submodules.enter);
  return {
    commits: commitReader({ git, objects, submodules, walk, standsAt }),
    workTree: workTreeOf(git),
    history: historyOf(git, objects),
    largeFiles: cliLargeFiles(git),
    lineEnds: cliLineEnds(git, submodules, walk.entry),
    development: cliDevCommits(git, objects, programIn),
    close: () => objects.close(),
  };
}

interface ReaderParts {
  readonly git: GitProgram;
  readonly objects: ObjectReader;
  readonly submodules: Submodules;
  readonly walk: TreeWalk;
  readonly standsAt: string;
}

function commitReader({ git, objects, submodules, walk, standsAt }: ReaderParts): CommitReader {
  const commit = async (name: string) => {
    const object = await objects.read(name);
    return object?.type === 'commit' ? parseCommit(object.id, object.content.toString('utf8')) : null;
  };
  return {
    head: () => commit(standsAt),
    commit,
    async tree(id, under) {
      const path = under === '' ? [] : ['--', literal(under)];
      return parseTree(await git.output(['ls-tree', '-r', '-z', '--full-tree', id, ...path]));
    },
    withSubmodules: (entries) => submodules.expand(entries),
    entry: walk.entry,
    changes: commitChanges(git, submodules.expand, walk.submoduleAbove),
    async sizes(ids) {
      const found = await objects.facts(ids);
      return found.map((object, i) => {
        if (object === null) throw new Error(`${git.workTree}: no object ${ids[i]}`);
        return object.size;
      });
    },
    async blob(id) {
      const object = await objects.read(id);
      if (object?.type !== 'blob') throw new Error(`${git.workTree}: no blob ${id}`);
      return object.content;
    },
    blobs: (ids, signal) => objects.stream(ids, signal),
  };
}

function workTreeOf(git: GitProgram): WorkTree {
  return {
    root: git.workTree,
    async changes(under) {
      const only = under.length === 0 ? [] : ['--', ...under.map((path) => `:(top,literal)${path}`)];
      const args = ['status', '--porcelain=v2', '-z', '--untracked-files=all', '--no-renames', ...only];
      return parseStatus(await git.output(args));
    },
  };
}

function historyOf(git: GitProgram, objects: ObjectReader): History {
  return {
    async isAncestor(ancestor, of) {
      const { status } = await git.attempt(['merge-base', '--is-ancestor', ancestor, of]);
      if (status === 0) return true;
      const shallow = await git.attempt(['rev-parse', '--is-shallow-repository']);
      return status === 1 && shallow.text !== 'true' ? false : null;
    },
    ancestorsAmong: (candidates, of) => ancestorsAmong(git, objects, candidates, of),
    isShallow: () => isShallow(git),
    deepen: () => deepen(git),
    async originUrl() {
      const { status, text } = await git.attempt(['config', '--get', 'remote.origin.url']);
      return status === 0 && text !== '' ? text : null;
    },
  };
}

/** ls-tree takes paths as they are; a trailing slash would list what is inside. */
function literal(path: string): string {
  return path.replace(/\/+$/, '');
}
