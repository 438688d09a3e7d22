import type { RepoPath } from '../objects.ts';
import type { RepositoryFiles } from './repository-files.ts';

/** A repository, as the library wants to be told of it. */
export interface Place {
  readonly fs: RepositoryFiles;
  readonly dir: string;
  readonly gitdir: string;
  /** Parsed packs stay here from call to call. */
  readonly cache: object;
  /** Modes of the files of HEAD, once they are read. */
  modes?: Promise<ReadonlyMap<RepoPath, string>>;
}
