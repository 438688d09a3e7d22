import { join } from 'node:path';
import { baseConfigurations } from '../conveyor/base-configurations.ts';
import { commitContext } from '../conveyor/commit-context.ts';
import type { ConveyorParts } from '../conveyor/conveyor-parts.ts';
import { type PlannedBuild, planBuild } from '../conveyor/image-plan.ts';
import type { ImageResult } from '../conveyor/image-result.ts';
import { processImages } from '../conveyor/process-images.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { factsCache } from '../storage/facts-cache.ts';
import { localStages } from '../storage/local-stages.ts';
import { repositoryStages } from '../storage/repository-stages.ts';
import type { BuildReport } from './build-report.ts';
import type { BuildRequest } from './build-request.ts';
import { chooseImages } from './choose-images.ts';
import { type OpenedProject, openProject } from './open-project.ts';
import { reportOf } from './report-of-results.ts';
import { saveBuildReport } from './save-build-report.ts';
import type { Session } from './session.ts';

export interface BuildOutcome {
  readonly results: readonly ImageResult[];
  readonly report: BuildReport;
}

/**
 * Builds images of the commit and all that they need, or finds them built.
 * @returns what was done; also written where the request says
 * @throws UserError naming the image that failed, after all others have stopped
 */
export async function build(request: BuildRequest, session: Session): Promise<BuildOutcome> {
  if (request.report.use) {
    throw new UserError('NOT_SUPPORTED', '--use-build-report is not supported by build yet');
  }
  session.ports.warmUp();
  const opened = await openProject(session, { wholeStatus: true });
  const { project } = opened;
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const chosen = chooseImages(choosable, request.images, { finalOnly: request.finalImagesOnly });
  const sets = planBuild(project, chosen);
  refuseUnsupported(sets.flat());
  if (chosen.length === 0) session.progress.emit({ kind: 'line', line: 'There are no images to build.' });
  const parts = await conveyorParts(request, session, opened);
  const { limit, requireBuilt, report } = request;
  try {
    const results = await processImages(parts, sets, { limit, requireBuilt, signal: session.signal });
    const done = reportOf(results, {
      repository: parts.primary.address,
      project: project.name,
      env: session.env,
    });
    if (report.save) await saveBuildReport(done, report, session.clock.unique);
    return { results, report: done };
  } catch (error) {
    if (report.save && error instanceof UserError) {
      const scope = { repository: parts.primary.address, project: project.name, env: session.env };
      await saveBuildReport({ ...reportOf([], scope), Error: error.message }, report, session.clock.unique);
    }
    throw error;
  }
}

function refuseUnsupported(planned: readonly PlannedBuild[]): void {
  const fields = new Set(planned.flatMap(({ config }) => config.unsupported));
  const problems = [...fields].map(
    ({ field, position }): Problem => ({
      code: 'NOT_SUPPORTED',
      message: `\`${field}\` is not supported yet`,
      position,
    }),
  );
  if (problems.length === 0) return;
  throw new UserError('NOT_SUPPORTED', 'the configuration asks for what this version cannot build yet', {
    problems,
  });
}

async function conveyorParts(
  request: BuildRequest,
  session: Session,
  opened: OpenedProject,
): Promise<ConveyorParts> {
  const { ports, host, clock, signal } = session;
  const { project, files, configFiles, repository } = opened;
  const { commit } = files;
  const cacheAt = (name: string) => factsCache(join(host.home, 'local_cache', name), clock.unique);
  const local = localStages(project.name, ports.images);
  const primary = request.repository && {
    address: request.repository,
    platform: request.platforms[0] ?? host.platform,
    registry: ports.registry,
    builder: ports.builder,
    cache: cacheAt('manifests'),
  };
  const permissions = await opened.permissions();
  const date = sourceDate(session.env['SOURCE_DATE_EPOCH'] ?? '', commit.committedAt);
  const inStore = async (reference: string) => (await ports.images.inspect(reference, signal))?.facts ?? null;
  return {
    project: project.name,
    version: session.version,
    commit,
    sourceDateEpoch: date,
    hostPlatform: host.platform,
    platforms: request.platforms,
    network: request.network,
    primary: primary ? repositoryStages(primary) : local,
    local: primary ? local : null,
    builder: ports.builder,
    images: ports.images,
    reader: ports.dockerfile,
    bases: baseConfigurations({
      cache: cacheAt('bases'),
      registry: ports.registry,
      // With a repository the store may never be needed: then it is not opened only to be asked.
      local: primary ? async () => null : inStore,
    }),
    contextOf: (image) =>
      commitContext(image, {
        repository,
        files,
        permissions,
        projectDirectory: session.project.directory,
        reader: ports.dockerfile,
        configFiles,
        unchecked: session.project.loose,
        onWarning: (problem) => session.progress.emit({ kind: 'warning', problem }),
        date,
        signal,
      }),
    locks: ports.locks,
    progress: session.progress,
    now: clock.now,
  };
}

function sourceDate(given: string, committedAt: number): number {
  if (given === '') return committedAt;
  if (/^\d{1,11}$/.test(given)) return Number(given);
  throw new UserError('CLI_BAD_VALUE', `SOURCE_DATE_EPOCH: "${given}" is not a number of seconds`);
}
