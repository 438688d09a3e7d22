import { realpath } from 'node:fs/promises';
import { UserError } from '../diagnostics/user-error.ts';
import { type FoundWorkTree, findWorkTree } from './find-work-tree.ts';
import type { GitRepository } from './repository.ts';

export interface OpenOptions {
  /** Absolute path of the project directory. */
  readonly directory: string;
  /** Absolute path of the work tree; null: searched from the project directory upwards. */
  readonly workTree: string | null;
  /** How a work tree is read; chosen by what is installed. */
  readonly adapter: (found: FoundWorkTree) => Promise<GitRepository>;
}

export interface OpenedRepository {
  readonly repository: GitRepository;
  /** Path of the project directory inside the repository; '' for its root. */
  readonly prefix: string;
}

/** @throws UserError when there is no repository around the project directory */
export async function openRepository({
  directory,
  workTree,
  adapter,
}: OpenOptions): Promise<OpenedRepository> {
  const from = await realpath(directory).catch(() => {
    throw new UserError('PROJECT_DIRECTORY_MISSING', `the project directory ${directory} does not exist`);
  });
  const start = workTree === null ? from : await realpath(workTree).catch(() => workTree);
  const found = await findWorkTree(start);
  if (found === null || (workTree !== null && found.root !== start)) {
    throw new UserError('GIT_NOT_A_REPOSITORY', `${workTree ?? directory} is not inside a git work tree`, {
      hint: 'slipway builds what is committed: run `git init`, `git add` and `git commit` there, or name the project with --dir',
    });
  }
  if (from !== found.root && !from.startsWith(`${found.root}/`)) {
    throw new UserError('GIT_NOT_A_REPOSITORY', `${directory} lies outside the git work tree ${found.root}`, {
      hint: 'pass --git-work-tree of the repository that holds the project',
    });
  }
  return { repository: await adapter(found), prefix: from.slice(found.root.length + 1) };
}
