import { posix } from 'node:path';
import type { ChangeKind, LocalChange, SubmoduleChange } from '../git/repository.ts';
import { submoduleRefused, uncommitted, untracked } from './refusals.ts';

/**
 * Local changes among what is about to be read from a commit.
 * @param changes paths relative to `directory`, or '' for it alone
 * @throws UserError listing them
 */
export function refuseChanges(changes: readonly LocalChange[], directory: string): void {
  const named = (path: string) => posix.join(directory, path);
  for (const { path, kind } of changes) if (isOfSubmodule(kind)) throw submoduleRefused(named(path), kind);
  const strangers = changes.filter(({ kind }) => kind === 'untracked').map(({ path }) => named(path));
  const changed = changes.filter(({ kind }) => kind !== 'untracked').map(({ path }) => named(path));
  if (changed.length > 0) throw uncommitted([...changed, ...strangers]);
  if (strangers.length > 0) throw untracked(strangers);
}

function isOfSubmodule(kind: ChangeKind): kind is SubmoduleChange {
  return kind.startsWith('submodule-');
}
