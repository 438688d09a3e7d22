import { parseCommit } from '../commit-object.ts';
import type { CommitReader, GitRepository, History, WorkTree } from '../repository.ts';
import { cliDevCommits } from './dev-commits.ts';
import { type GitProgram, gitProgram } from './git-program.ts';
import { cliLargeFiles } from './large-files.ts';
import { type ObjectReader, objectReader } from './object-reader.ts';
import { parseStatus, parseTree } from './parse-listings.ts';
import { type Submodules, submodulesOf } from './submodules.ts';
import { treeWalk } from './tree-walk.ts';

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
  const git = gitProgram(workTree, env);
  const objects = objectReader(git);
  const programIn = (directory: string) => gitProgram(directory, env);
  return {
    commits: commitReader(git, objects, submodulesOf({ git, objects, programIn, cache })),
    workTree: workTreeOf(git),
    history: historyOf(git),
    largeFiles: cliLargeFiles(git),
    development: cliDevCommits(git, objects, programIn),
    close: () => objects.close(),
  };
}

function commitReader(git: GitProgram, objects: ObjectReader, submodules: Submodules): CommitReader {
  const commit = async (name: string) => {
    const object = await objects.read(name);
    return object?.type === 'commit' ? parseCommit(object.id, object.content.toString('utf8')) : null;
  };
  return {
    head: () => commit('HEAD'),
    commit,
    async tree(id, under) {
      const path = under === '' ? [] : ['--', literal(under)];
      return parseTree(await git.output(['ls-tree', '-r', '-z', '--full-tree', id, ...path]));
    },
    withSubmodules: (entries) => submodules.expand(entries),
    entry: treeWalk(objects, submodules.enter),
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

function historyOf(git: GitProgram): History {
  return {
    async isAncestor(ancestor, of) {
      const { status } = await git.attempt(['merge-base', '--is-ancestor', ancestor, of]);
      if (status === 0) return true;
      const shallow = await git.attempt(['rev-parse', '--is-shallow-repository']);
      return status === 1 && shallow.text !== 'true' ? false : null;
    },
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
