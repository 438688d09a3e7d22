import type { GitWorktreeSettings } from '../config/project-settings.ts';
import type { GitRepository } from '../git/repository.ts';
import type { ProgressSink } from '../progress/events.ts';

export interface NeededCommit {
  readonly commit: string;
  /** Name of the image whose stage was built at that commit. */
  readonly image: string;
}

/** Makes the history of a shallow clone whole when it is needed, once, if the project permits it. @param own the project's repository */
export function deepening(
  own: GitRepository,
  { allowUnshallow, forceShallowClone }: GitWorktreeSettings,
  progress: ProgressSink,
): (repository: GitRepository, needed: NeededCommit) => Promise<boolean> {
  let asked: Promise<boolean> | undefined;
  const deepen = async ({ commit, image }: NeededCommit) => {
    if (allowUnshallow && !forceShallowClone) {
      progress.emit({ kind: 'line', line: 'Fetching the whole history of the shallow clone' });
      if (await own.history.deepen()) return true;
    }
    const message = `a stage of the image ${image} was built at commit ${commit}, which this clone does not hold: stages are built again`;
    const hint =
      'clone with the whole history (in CI: without a limit of depth), so that what was built before can be used';
    progress.emit({ kind: 'warning', problem: { code: 'GIT_HISTORY_SHORT', message, hint } });
    return false;
  };
  return async (repository, needed) => {
    if (repository !== own) return false;
    asked ??= deepen(needed);
    return await asked;
  };
}
