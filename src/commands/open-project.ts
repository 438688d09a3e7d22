import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { type LoadedProject, loadProject } from '../config/load-project.ts';
import { suggestProjectName } from '../config/project-name.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { GitRepository } from '../git/repository.ts';
import { type CommittedFiles, committedFiles } from '../giterminism/committed-files.ts';
import {
  NOTHING_PERMITTED,
  type Permissions,
  parseGiterminismConfig,
} from '../giterminism/giterminism-config.ts';
import { reading } from '../giterminism/refusals.ts';
import type { Session } from './session.ts';

/** A project at the commit that is looked at. */
export interface OpenedProject extends LoadedProject {
  readonly repository: GitRepository;
  readonly files: CommittedFiles;
  /** Is it on the disk, committed or not? Path relative to the project directory. */
  onDisk(path: string): Promise<boolean>;
}

/**
 * @param wholeStatus the command will look at most of the work tree anyway
 * @throws UserError where there is no repository, no commit or no valid configuration
 */
export async function openProject(
  session: Session,
  { wholeStatus }: { readonly wholeStatus: boolean },
): Promise<OpenedProject> {
  refuseModes(session);
  const { repository, prefix } = await session.ports.git();
  const { directory } = session.project;
  const commit = await repository.commits.head();
  if (commit === null) {
    throw new UserError('GIT_NO_COMMIT', `the repository of ${directory} has no commit yet`, {
      hint: 'slipway builds what is committed: git add . && git commit -m first',
    });
  }
  const onDisk = (path: string) =>
    lstat(join(directory, path)).then(
      () => true,
      () => false,
    );
  const files = committedFiles({ repository, commit, prefix, onDisk, wholeStatus });
  const loaded = await loadProject({
    files: { read: files.read, has: files.has, onDisk },
    options: session.project,
    projectName: session.env['WERF_PROJECT_NAME'] || null,
    platforms: { host: null, areChosen: session.env['WERF_PLATFORM'] !== undefined },
    suggestedName: async () => suggestProjectName(await repository.history.originUrl(), directory),
  });
  for (const problem of loaded.warnings) session.progress.emit({ kind: 'warning', problem });
  return { ...loaded, repository, files, onDisk };
}

/** What werf-giterminism.yaml of the commit permits. It must itself be committed and unchanged. */
export async function readPermissions(
  { files, onDisk }: Pick<OpenedProject, 'files' | 'onDisk'>,
  path: string,
): Promise<Permissions> {
  if (!(await files.has(path)) && !(await onDisk(path))) return NOTHING_PERMITTED;
  try {
    return await parseGiterminismConfig((await files.read(path)).toString('utf8'), path);
  } catch (error) {
    throw reading('werf giterminism config', error);
  }
}

/** Modes that read something else than HEAD. */
function refuseModes({ project }: Session): void {
  const asked = [
    ['--dev', project.dev !== null],
    ['--loose-giterminism', project.loose],
    ['--allow-includes-update', project.allowIncludesUpdate],
  ] as const;
  for (const [option, given] of asked) {
    if (given)
      throw new UserError('NOT_SUPPORTED', `${option} is not supported yet`, {
        hint: 'commit, and build the commit',
      });
  }
}
