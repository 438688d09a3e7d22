import type { ImageConfig } from '../config/project.ts';
import { type PlannedBuild, type PlanPlatforms, planBuild } from '../conveyor/image-plan.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';
import type { StageStorage } from '../storage/stage-storage.ts';
import type { BuildRequest } from './build-request.ts';
import { chooseImages } from './choose-images.ts';
import { type OpenedProject, openProject } from './open-project.ts';
import type { Session } from './session.ts';
import { shownName } from './shown-name.ts';

/** A project, and what is to be built of it. */
export interface PlannedRequest {
  readonly opened: OpenedProject;
  readonly sets: readonly (readonly PlannedBuild[])[];
  /** Names of the final images that were asked for, not of what these need. */
  readonly requested: readonly string[];
}

/** @throws UserError for what cannot be opened, chosen, or built by this version */
export async function plannedBuild(
  request: PlatformRequest & Pick<BuildRequest, 'images' | 'finalImagesOnly'>,
  session: Session,
): Promise<PlannedRequest> {
  session.ports.warmUp();
  const opened = await openProject(session, { wholeStatus: true });
  const { project } = opened;
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const chosen = chooseImages(choosable, request.images, { finalOnly: request.finalImagesOnly });
  const sets = planBuild(project, chosen, platformsOf(request, session.host.platform));
  refuseUnsupported(sets.flat());
  if (chosen.length === 0) session.progress.emit({ kind: 'line', line: 'There are no images to build.' });
  const isFinal = new Map(choosable.map(({ name, final }) => [name, final] as const));
  return { opened, sets, requested: chosen.filter((name) => isFinal.get(name)) };
}

export type PlatformRequest = Pick<BuildRequest, 'platforms'> &
  Partial<Pick<BuildRequest, 'ownPlatformOnly'>>;

/** Those that the user asks for, else the image's, else this machine's. */
function platformsOf({ platforms, ownPlatformOnly = false }: PlatformRequest, host: Platform): PlanPlatforms {
  const of = (image: ImageConfig): readonly Platform[] => {
    if (platforms.length > 0) return platforms;
    return image.platforms.length > 0 ? image.platforms : [host];
  };
  const chosen = (image: ImageConfig, name: string): readonly Platform[] => {
    const all = of(image);
    if (!ownPlatformOnly || all.length <= 1) return all;
    if (all.includes(host)) return [host];
    const message = `the image ${shownName(name)} is for ${all.join(', ')}, and this machine is ${host}`;
    throw new UserError('PLATFORM_NOT_CHOSEN', message, { hint: 'choose one of them with --platform' });
  };
  return { of, chosen };
}

/** Only repositories hold what names several platforms by one tag. @throws UserError naming the image */
export function requireIndexes(
  { kind }: Pick<StageStorage, 'kind'>,
  sets: readonly (readonly PlannedBuild[])[],
): void {
  if (kind === 'repository') return;
  const platforms = new Map<string, Platform[]>();
  for (const { name, platform } of sets.flat()) {
    platforms.set(name, [...(platforms.get(name) ?? []), platform]);
  }
  for (const [name, own] of platforms) {
    if (own.length <= 1) continue;
    const message = `the image ${shownName(name)} is for several platforms (${own.join(', ')}), and the local storage keeps images of one`;
    throw new UserError('PLATFORMS_NEED_REPO', message, {
      hint: 'name a repository with --repo, or choose one platform with --platform',
    });
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
