import type { Commit } from '../git/objects.ts';
import { type CommittedFiles, committedFiles } from '../giterminism/committed-files.ts';
import { diskFiles } from '../giterminism/disk-files.ts';
import { parseGiterminismConfig } from '../giterminism/giterminism-config.ts';
import { NOTHING_PERMITTED, type Permissions } from '../giterminism/permissions.ts';
import { type ProjectFiles, projectFiles } from '../giterminism/project-files.ts';
import { reading } from '../giterminism/refusals.ts';
import type { Session } from './session.ts';

/** What may be read of a project, and what permits more than the commit. */
export interface ProjectDoor {
  /** The commit's own files, for what is built. */
  readonly files: CommittedFiles;
  /** The files of the configuration. */
  readonly configFiles: ProjectFiles;
  /** Read once, when first needed. @throws UserError when the file is not committed, changed or wrong */
  readonly permissions: () => Promise<Permissions>;
  /** Which of some paths globs take. */
  readonly matching: Matching;
}

export type Matching = (
  kind: 'glob' | 'file-glob',
  globs: readonly string[],
  paths: readonly string[],
) => Promise<readonly string[]>;

export interface DoorOptions {
  readonly commit: Commit;
  /** The command will look at most of the work tree anyway. */
  readonly wholeStatus: boolean;
  /** The work tree is not compared with the commit. */
  readonly unchecked: boolean;
}

export async function projectDoor(session: Session, options: DoorOptions): Promise<ProjectDoor> {
  const { project, ports, signal } = session;
  const { commit, wholeStatus, unchecked } = options;
  const { repository, prefix } = await ports.git();
  const disk = diskFiles(project.directory);
  const files = committedFiles({ repository, commit, prefix, onDisk: disk.has, wholeStatus, unchecked });
  const matching: Matching = async (kind, globs, paths) => {
    if (paths.length === 0 || globs.length === 0) return [];
    const [taken] = await ports.dockerfile.match(paths, [{ kind, patterns: [...globs] }], signal);
    return paths.filter((_, index) => taken?.has(index));
  };
  let known: Promise<Permissions> | undefined;
  const permissions = () => {
    known ??= project.loose
      ? Promise.resolve(NOTHING_PERMITTED)
      : readPermissions(configFiles, project.giterminismConfig);
    return known;
  };
  const configFiles = projectFiles({
    committed: files,
    disk,
    loose: project.loose,
    unchecked,
    uncommitted: async () => (await permissions()).uncommitted,
    matching,
  });
  return { files, configFiles, permissions, matching };
}

/** What werf-giterminism.yaml of the commit permits. It must itself be committed and unchanged. */
async function readPermissions(files: ProjectFiles, path: string): Promise<Permissions> {
  if (!(await files.has(path, 'nothing')) && !(await files.onDisk(path))) return NOTHING_PERMITTED;
  try {
    return await parseGiterminismConfig((await files.read(path, 'nothing')).toString('utf8'), path);
  } catch (error) {
    throw reading('werf giterminism config', error);
  }
}
