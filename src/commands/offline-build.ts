import type { ConveyorParts } from '../conveyor/conveyor-parts.ts';
import type { PlannedBuild } from '../conveyor/image-plan.ts';
import { refuseMissing } from '../conveyor/missing-offline.ts';
import { withLocalCopies } from '../storage/local-copies.ts';
import { LOCAL_STORAGE } from '../storage/storage-roles.ts';
import type { BuildRequest } from './build-request.ts';
import type { Session } from './session.ts';

/** What is asked of the conveyor: offline, the local storage is the only one. */
export function reachable<R extends Pick<BuildRequest, 'storage' | 'offline'>>(request: R): R {
  return request.offline ? { ...request, storage: LOCAL_STORAGE } : request;
}

/**
 * Offline: adds this machine's copies of the repository's stages, and looks for what is missing.
 * @throws UserError OFFLINE with everything that is missing
 */
export async function offlineParts<P extends ConveyorParts>(
  { offline, storage, requireBuilt }: Pick<BuildRequest, 'offline' | 'storage' | 'requireBuilt'>,
  made: P,
  { sets, session }: { readonly sets: readonly (readonly PlannedBuild[])[]; readonly session: Session },
): Promise<P> {
  if (!offline) return made;
  const { images } = session.ports;
  const primary =
    storage.primary === null ? made.primary : withLocalCopies(made.primary, storage.primary, images);
  const parts = { ...made, primary };
  await refuseMissing(parts, sets, { env: session.env, requireBuilt, signal: session.signal });
  return parts;
}
