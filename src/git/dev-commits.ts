import type { Commit, RepoPath } from './objects.ts';

/** Commits of the present state of the work tree, which leave branches, index, stash and files of the user alone. */
export interface DevCommits {
  /**
   * HEAD with all changes, staged or not, and all files that are neither tracked nor ignored; changed submodules too.
   * @returns the commit that holds this state: a new one only where it differs from the one before
   * @throws UserError in a repository without a commit, and while a merge has conflicts
   */
  commitState(options: DevCommitOptions): Promise<Commit>;
}

export interface DevCommitOptions {
  /** Name of the service branch; it lies below `refs/werf/dev/`, where `git branch` does not look. */
  readonly branch: string;
  /** Which changes do not belong to the state: these paths stay as they are in HEAD. */
  readonly ignored: (paths: readonly RepoPath[]) => Promise<ReadonlySet<RepoPath>>;
  /** Unix seconds: the date of new commits. */
  readonly now: number;
  readonly signal: AbortSignal;
}
