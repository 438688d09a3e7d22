import type { Project } from '../config/project.ts';
import type { BuiltImage } from '../conveyor/built-image.ts';
import { imageTitle } from '../conveyor/image-title.ts';
import { checkIntrospectedImages, requireTerminal } from '../conveyor/introspection.ts';
import { processImages } from '../conveyor/process-images.ts';
import { type Publishing, publishResults } from '../conveyor/publish-results.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { checkCustomTags, customTags } from '../stages/custom-tags.ts';
import type { BuildReport } from './build-report.ts';
import type { BuildRequest } from './build-request.ts';
import type { ChoosableImage } from './choose-images.ts';
import { conveyorPartsOf } from './conveyor-parts-of.ts';
import { offlineParts, reachable } from './offline-build.ts';
import { plannedBuild, requireIndexes } from './planned-build.ts';
import { reportOf } from './report-of-results.ts';
import { saveBuildReport } from './save-build-report.ts';
import type { Session } from './session.ts';

export interface BuildOutcome {
  readonly results: readonly BuiltImage[];
  readonly report: BuildReport;
}

/**
 * Builds images of the commit and all that they need, or finds them built.
 * @param onPlanned hears which images will be processed; it may refuse them
 * @returns what was done; also written where the request says
 * @throws UserError naming the image that failed, after all others have stopped
 */
export async function build(
  request: BuildRequest,
  session: Session,
  onPlanned: (images: readonly ChoosableImage[]) => void = () => undefined,
): Promise<BuildOutcome> {
  if (request.report.use) {
    throw new UserError('NOT_SUPPORTED', '--use-build-report is not supported by build yet');
  }
  requireTerminal(request.introspection, session.ports.terminals);
  const { opened, sets, requested } = await plannedBuild(request, session);
  const hasRepository = request.storage.primary !== null;
  checkCustomTags(request.customTags, { names: requested, hasRepository });
  const { project } = opened;
  const known = project.images.flatMap(({ names, kind }) =>
    names.map((name) => ({ title: imageTitle(name), kind })),
  );
  checkIntrospectedImages(request.introspection, known);
  const planned = new Map(sets.flat().map(({ name, config }) => [name, config.final]));
  onPlanned([...planned].map(([name, final]) => ({ name, final })));
  const made = await conveyorPartsOf(reachable(request), session, { opened, workshop: session.ports });
  requireIndexes(made.primary, sets);
  const parts = await offlineParts(request, made, { sets, session });
  const { limit, requireBuilt, report } = request;
  try {
    const processed = await processImages(parts, sets, { limit, requireBuilt, signal: session.signal });
    const results = await publishResults(
      parts,
      { ...publishingOf(project, parts, session), customTags: tagging(request, requested) },
      processed,
      session.signal,
    );
    const done = reportOf(results, {
      repository: parts.primary.address,
      final: parts.final?.address ?? null,
      project: project.name,
      env: session.env,
    });
    if (report.save) await saveBuildReport(done, report, session.clock.unique);
    return { results, report: done };
  } catch (error) {
    if (report.save && error instanceof UserError) {
      const scope = {
        repository: parts.primary.address,
        final: null,
        project: project.name,
        env: session.env,
      };
      await saveBuildReport({ ...reportOf([], scope), Error: error.message }, report, session.clock.unique);
    }
    throw error;
  }
}

/** The state of a work tree is nobody's commit: nothing is recorded of it. */
function publishingOf(
  { cleanup }: Project,
  { records, final }: Pick<Publishing, 'records' | 'final'>,
  { project }: Session,
): Omit<Publishing, 'customTags'> {
  return {
    records,
    final,
    managedImages: !cleanup.disable,
    commits: !cleanup.disable && !cleanup.disableGitHistoryBasedPolicy && project.dev === null,
  };
}

/** Tags what was asked for and built for all its platforms; what it needs gets none. */
function tagging(
  { customTags: templates, platforms }: Pick<BuildRequest, 'customTags' | 'platforms'>,
  requested: readonly string[],
): Publishing['customTags'] {
  return (images) => {
    // `run` builds one platform of many: a tag of all of them must not come to name that one.
    const isWhole = ({ config, parts }: BuiltImage) =>
      parts.length >= (platforms.length > 0 ? platforms : config.platforms).length;
    const tagged = images.filter((image) => requested.includes(image.name) && isWhole(image));
    const of = tagged.map(({ name, target }) => ({ name, contentBasedTag: target.tag }));
    return customTags(templates, of);
  };
}
