import { posix } from 'node:path';
import { UserError } from '../../diagnostics/user-error.ts';
import { parseCommit } from '../commit-object.ts';
import type { DevCommitOptions, DevCommits } from '../dev-commits.ts';
import type { ObjectId, RepoPath } from '../objects.ts';
import { changedTree, type TreeChanges } from './changed-tree.ts';
import { type GitProgram, gitFailed } from './git-program.ts';
import { type ObjectReader, objectReader } from './object-reader.ts';
import { type StoredEntry, storeFiles, treeWriter, writeObject } from './object-writer.ts';
import { type StateChange, workTreeState } from './work-tree-state.ts';

/** Other runs may move the branch at the same time; so often is tried again. */
const ATTEMPTS = 10;

/** @param programIn the git program in another work tree: that of a submodule */
export function cliDevCommits(
  git: GitProgram,
  objects: ObjectReader,
  programIn: (workTree: string) => GitProgram,
): DevCommits {
  return {
    async commitState(options) {
      const id = await stateCommit({ git, objects, programIn }, options);
      const object = await objects.read(id);
      if (object?.type !== 'commit') throw new Error(`the commit ${id} is gone`);
      return parseCommit(object.id, object.content.toString('utf8'));
    },
  };
}

interface Parts {
  readonly git: GitProgram;
  readonly objects: ObjectReader;
  readonly programIn: (workTree: string) => GitProgram;
}

/** Branches only move where they are still as they were read: two runs at once both get a commit of the state. */
async function stateCommit(parts: Parts, options: DevCommitOptions): Promise<ObjectId> {
  const { objects, git } = parts;
  const head = await objects.read('HEAD');
  if (head === null) {
    throw new UserError('GIT_NO_COMMIT', `the repository of ${git.workTree} has no commit yet`, {
      hint: '--dev builds on top of HEAD: git commit --allow-empty -m first',
    });
  }
  const changes = await storedChanges(parts, options);
  const headTree = await treeOf(objects, head.id);
  const tree = changes.size === 0 ? headTree : await withWriter(git, objects, head.id, changes);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    options.signal.throwIfAborted();
    const moved = await advance(parts, { head: head.id, tree }, options);
    if (moved !== null) return moved;
  }
  throw new UserError('GIT_DEV_BRANCH', `the branch ${refOf(options.branch)} keeps changing`, {
    hint: 'too many runs with --dev at once? Give each its own --dev-branch',
  });
}

async function withWriter(git: GitProgram, objects: ObjectReader, base: ObjectId, changes: TreeChanges) {
  const writer = treeWriter(git);
  try {
    return await changedTree(objects, writer, base, changes);
  } finally {
    await writer.close();
  }
}

/** @returns the commit of the state, or null when somebody else has moved the branch meanwhile */
async function advance(
  { git, objects }: Parts,
  { head, tree }: { readonly head: ObjectId; readonly tree: ObjectId },
  { branch, now }: DevCommitOptions,
): Promise<ObjectId | null> {
  const ref = refOf(branch);
  const before = (await objects.read(ref))?.id ?? null;
  let tip = before ?? head;
  if (before !== null && !(await isAncestor(git, head, before))) {
    const ours = await treeOf(objects, before);
    tip = await writeObject(git, 'commit', commitText(ours, [before, head], now));
  }
  if ((await treeOf(objects, tip)) !== tree) {
    tip = await writeObject(git, 'commit', commitText(tree, [tip], now));
  }
  if (tip === before) return tip;
  const none = '0'.repeat(head.length);
  const { status } = await git.attempt(['update-ref', '--no-deref', ref, tip, before ?? none]);
  return status === 0 ? tip : null;
}

function refOf(branch: string): string {
  return `refs/werf/dev/${branch}`;
}

async function isAncestor(git: GitProgram, ancestor: ObjectId, of: ObjectId): Promise<boolean> {
  return (await git.attempt(['merge-base', '--is-ancestor', ancestor, of])).status === 0;
}

async function treeOf(objects: ObjectReader, commit: ObjectId): Promise<ObjectId> {
  const tree = await objects.read(`${commit}^{tree}`);
  if (tree === null) throw new Error(`the commit ${commit} has no tree`);
  return tree.id;
}

function commitText(tree: ObjectId, parents: readonly ObjectId[], now: number): string {
  const who = `werf <werf@werf.io> ${now} +0000`;
  const lines = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${who}`,
    `committer ${who}`,
    '',
    new Date(now * 1000).toISOString(),
  ];
  return `${lines.join('\n')}\n`;
}

/** What differs from HEAD, with all contents stored as objects. */
async function storedChanges(parts: Parts, options: DevCommitOptions): Promise<TreeChanges> {
  const { git } = parts;
  const { signal } = options;
  const all = await workTreeState(git, signal);
  const ignored = await options.ignored(all.map(({ path }) => path));
  const state = all.filter(({ path }) => !ignored.has(path));
  // A repository that is no submodule yet ends with a slash: git would not look inside either.
  const files = state.flatMap(({ path, content }) =>
    content.kind === 'disk' && !path.endsWith('/') ? [{ path, mode: content.mode }] : [],
  );
  const stored = await storeFiles(git, files, signal);
  const changes = new Map<RepoPath, StoredEntry | null>();
  for (const { path, content } of state) {
    if (content.kind === 'deleted') changes.set(path, null);
    if (content.kind === 'stored') changes.set(path, { mode: content.mode, id: content.id });
    if (content.kind === 'submodule')
      changes.set(path, await submoduleEntry(parts, { path, content }, options));
  }
  for (const [i, { path }] of files.entries()) changes.set(path, stored[i] ?? null);
  return changes;
}

async function submoduleEntry(
  { git, programIn }: Parts,
  { path, content }: StateChange,
  options: DevCommitOptions,
): Promise<StoredEntry> {
  const inside = programIn(posix.join(git.workTree, path));
  if (content.kind === 'submodule' && !content.isChangedInside) {
    const { status, text } = await inside.attempt(['rev-parse', '--verify', 'HEAD']);
    if (status !== 0) throw gitFailed(inside.workTree, ['rev-parse'], text);
    return { mode: '160000', id: text as ObjectId };
  }
  const ignored: DevCommitOptions['ignored'] = async (paths) => {
    const found = await options.ignored(paths.map((inner) => posix.join(path, inner)));
    return new Set(paths.filter((inner) => found.has(posix.join(path, inner))));
  };
  const objects = objectReader(inside);
  try {
    const id = await stateCommit({ git: inside, objects, programIn }, { ...options, ignored });
    return { mode: '160000', id };
  } finally {
    await objects.close();
  }
}
