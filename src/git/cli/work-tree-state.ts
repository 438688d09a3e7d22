import { UserError } from '../../diagnostics/user-error.ts';
import type { EntryMode, ObjectId, RepoPath } from '../objects.ts';
import type { GitProgram } from './git-program.ts';

/** How a path of the work tree differs from HEAD. */
export interface StateChange {
  readonly path: RepoPath;
  readonly content:
    | { readonly kind: 'deleted' }
    /** Staged, and not changed since. */
    | { readonly kind: 'stored'; readonly mode: EntryMode; readonly id: ObjectId }
    /** As it lies on the disk; the mode is not known of files that git does not track. */
    | { readonly kind: 'disk'; readonly mode: EntryMode | null }
    | { readonly kind: 'submodule'; readonly isChangedInside: boolean };
}

/** One look at the work tree: what `git status` sees. */
export async function workTreeState(git: GitProgram, signal: AbortSignal): Promise<readonly StateChange[]> {
  const args = [
    'status',
    '--porcelain=v2',
    '-z',
    '--untracked-files=all',
    '--no-renames',
    '--ignore-submodules=none',
  ];
  const records = (await git.output(args, signal)).toString('utf8').split('\0').slice(0, -1);
  const conflicts = records
    .filter((record) => record.startsWith('u '))
    .map((record) => fieldsOf(record, 10).rest);
  if (conflicts.length > 0) {
    throw new UserError(
      'GIT_CONFLICTS',
      `the work tree has conflicts:\n\n${conflicts.map((path) => ` - ${path}`).join('\n')}`,
      {
        hint: 'solve them, and `git add` the files',
      },
    );
  }
  // A file may be gone from the index and lie on the disk all the same: the disk counts.
  const byPath = new Map(records.map(changeOf).map((change) => [change.path, change] as const));
  return [...byPath.values()];
}

function changeOf(record: string): StateChange {
  if (record.startsWith('? ')) return { path: record.slice(2), content: { kind: 'disk', mode: null } };
  const { fields, rest: path } = fieldsOf(record, 8);
  const [, state = '', submodule = '', , indexMode = '', diskMode = '', , indexId = ''] = fields;
  if (submodule.startsWith('S') && !state.endsWith('D') && !state.startsWith('D')) {
    return { path, content: { kind: 'submodule', isChangedInside: /[MU]/.test(submodule.slice(2)) } };
  }
  if (state[1] === 'D' || (state[0] === 'D' && state[1] === '.'))
    return { path, content: { kind: 'deleted' } };
  if (state[1] === '.') {
    return { path, content: { kind: 'stored', mode: indexMode as EntryMode, id: indexId as ObjectId } };
  }
  return { path, content: { kind: 'disk', mode: diskMode as EntryMode } };
}

/** The first fields of a record, and the rest, which may hold blanks. */
function fieldsOf(
  record: string,
  count: number,
): { readonly fields: readonly string[]; readonly rest: string } {
  const fields = record.split(' ');
  return { fields: fields.slice(0, count), rest: fields.slice(count).join(' ') };
}
