import { type PlannedBuild, planBuild } from '../conveyor/image-plan.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { BuildRequest } from './build-request.ts';
import { chooseImages } from './choose-images.ts';
import { type OpenedProject, openProject } from './open-project.ts';
import type { Session } from './session.ts';

/** A project, and what is to be built of it. */
export interface PlannedRequest {
  readonly opened: OpenedProject;
  readonly sets: readonly (readonly PlannedBuild[])[];
}

/** @throws UserError for what cannot be opened, chosen, or built by this version */
export async function plannedBuild(
  request: Pick<BuildRequest, 'images' | 'finalImagesOnly'>,
  session: Session,
): Promise<PlannedRequest> {
  session.ports.warmUp();
  const opened = await openProject(session, { wholeStatus: true });
  const { project } = opened;
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const chosen = chooseImages(choosable, request.images, { finalOnly: request.finalImagesOnly });
  const sets = planBuild(project, chosen);
  refuseUnsupported(sets.flat());
  if (chosen.length === 0) session.progress.emit({ kind: 'line', line: 'There are no images to build.' });
  return { opened, sets };
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
