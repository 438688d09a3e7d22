import { type LoadedProject, loadProject } from '../config/load-project.ts';
import { suggestProjectName } from '../config/project-name.ts';
import type { RenderOutcome } from '../config/render-config.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Commit } from '../git/objects.ts';
import type { GitRepository } from '../git/repository.ts';
import { presentCommit } from './present-commit.ts';
import { type ProjectDoor, projectDoor } from './project-door.ts';
import type { Session } from './session.ts';

/** A project at the commit that is looked at. */
export interface OpenedProject extends LoadedProject, ProjectDoor {
  readonly repository: GitRepository;
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
  const { project: options, ports, env } = session;
  const { directory, loose } = options;
  const { repository } = await ports.git();
  const commit = await presentCommit(session);
  if (loose) session.progress.emit({ kind: 'warning', problem: LOOSE });
  const door = await projectDoor(session, { commit, wholeStatus, unchecked: loose || options.dev !== null });
  await refuseIncludes(door);
  const loaded = await loadProject({
    files: door.configFiles,
    options,
    render: (text, file) => render({ text, file }, { session, door, commit }),
    projectName: env['WERF_PROJECT_NAME'] || null,
    platforms: { host: session.host.platform, areChosen: (env['WERF_PLATFORM'] ?? '') !== '' },
    suggestedName: async () => suggestProjectName(await repository.history.originUrl(), directory),
  });
  if (options.renderPath !== null) {
    session.progress.emit({ kind: 'line', line: `Using werf config render file: ${options.renderPath}` });
  }
  if (!loose) await refuseExternalInputs(loaded, door, session);
  for (const problem of loaded.warnings) session.progress.emit({ kind: 'warning', problem });
  return { ...loaded, ...door, repository };
}

const LOOSE = {
  code: 'GITERMINISM_LOOSE',
  message:
    'loose giterminism: the configuration is read from the disk and nothing is checked. The same commit may build different images, and what is recorded for the commit is wrong where the configuration differs from it',
};

async function render(
  { text, file }: { readonly text: string; readonly file: string },
  {
    session,
    door,
    commit,
  }: { readonly session: Session; readonly door: ProjectDoor; readonly commit: Commit },
): Promise<RenderOutcome> {
  const [{ renderConfig }, { templateHost }] = await Promise.all([
    import('../config/render-config.ts'),
    import('../giterminism/template-host.ts'),
  ]);
  const { project, ports, env, progress, signal } = session;
  const { configFiles: files, permissions } = door;
  const permittedVariables = async () => (await permissions()).templateVariables;
  return await renderConfig(text, file, {
    files,
    host: templateHost({ files, loose: project.loose, permittedVariables, env }),
    renderer: ports.templates,
    templatesDirectory: project.templatesDirectory,
    environment: project.environment,
    commit,
    debug: project.debugTemplates ? (line) => progress.emit({ kind: 'line', line }) : null,
    signal,
  });
}

/** What git does not hold needs a permission; all that lack one are told at once. */
async function refuseExternalInputs(
  { project, file }: LoadedProject,
  { permissions, matching }: ProjectDoor,
  session: Session,
): Promise<void> {
  const { externalInputs } = await import('../config/external-inputs.ts');
  const problems = await externalInputs(project, {
    permissions,
    projectDirectory: session.project.directory,
    homeDirectory: session.env['HOME'] ?? '/',
    matching: (globs, paths) => matching('glob', globs, paths),
  });
  if (problems.length === 0) return;
  throw new UserError('CONFIG_INVALID', `unable to read werf config: ${file} is not valid`, { problems });
}

/** To leave them out would give other images than the project means. */
async function refuseIncludes({ configFiles }: ProjectDoor): Promise<void> {
  const file = 'werf-includes.yaml';
  if (!(await configFiles.has(file, 'nothing'))) return;
  throw new UserError('NOT_SUPPORTED', `${file}: configuration from other repositories is not supported yet`);
}

function refuseModes({ project }: Session): void {
  if (!project.allowIncludesUpdate) return;
  throw new UserError('NOT_SUPPORTED', '--allow-includes-update is not supported yet');
}
