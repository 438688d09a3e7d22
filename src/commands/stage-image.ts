import { partsByImage } from '../conveyor/built-image.ts';
import { NO_INTROSPECTION } from '../conveyor/introspection.ts';
import { processImages } from '../conveyor/process-images.ts';
import { findTarget } from '../conveyor/publish-index.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';
import type { StorageRoles } from '../storage/storage-roles.ts';
import { chooseImages } from './choose-images.ts';
import { conveyorPartsOf } from './conveyor-parts-of.ts';
import type { OpenedProject } from './open-project.ts';
import { plannedBuild, requireIndexes } from './planned-build.ts';
import type { Session } from './session.ts';
import { shownName } from './shown-name.ts';

export interface StageImageRequest {
  /** Name as written; null: the only image of the project. */
  readonly image: string | null;
  readonly storage: StorageRoles;
  /** In order, each once; empty: those of the images. */
  readonly platforms: readonly Platform[];
}

/** Images looked up at the same time. */
const AT_ONCE = 5;

/**
 * Looks up an image of the commit; nothing is built.
 * @returns full name of its last stage, or of the index of its platforms: `repo:tag`, or `project:tag` in the local storage
 * @throws UserError where not exactly one image is meant, or its stages are not there
 */
export async function stageImage(request: StageImageRequest, session: Session): Promise<string> {
  const images = request.image === null ? [] : [request.image];
  const { storage, platforms } = request;
  const { opened, sets } = await plannedBuild({ images, finalImagesOnly: false, platforms }, session);
  const name = onlyImage(opened, images);
  const wanted = { storage, network: null, introspection: NO_INTROSPECTION };
  const parts = await conveyorPartsOf(wanted, session, { opened, workshop: session.ports });
  requireIndexes(parts.primary, sets);
  const { signal } = session;
  const results = await processImages(parts, sets, { limit: AT_ONCE, requireBuilt: true, signal });
  const own = partsByImage(results).find(([part]) => part?.name === name) ?? [];
  const target = await findTarget(parts, own, signal);
  if (target) return target.name;
  const all = own.map(({ platform }) => platform).join(', ');
  throw new UserError('STAGES_REQUIRED', `stages required: the index of ${shownName(name)} for ${all}`, {
    hint: 'its stages are there, but no build for all of these platforms has ended: build it first',
  });
}

function onlyImage({ project }: OpenedProject, images: readonly string[]): string {
  const choosable = project.images.flatMap(({ names, final }) => names.map((name) => ({ name, final })));
  const [name, ...more] = chooseImages(choosable, images, { finalOnly: false });
  if (name !== undefined && more.length === 0) return name;
  const chosen = name === undefined ? 0 : more.length + 1;
  throw new UserError('ONE_IMAGE', `\`stage image\` takes one image, but ${chosen} were chosen`, {
    hint: 'name it: slipway stage image IMAGE; `slipway config list` prints the names',
  });
}
