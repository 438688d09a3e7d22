import type { Waiting } from '../engine/engine.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import { firstUsable, type Suitable } from './first-usable.ts';
import type { StageStorage, StoredStage } from './stage-storage.ts';

export interface FindRequest {
  readonly digest: StageDigest;
  /** Timestamp of the previous stage; 0 when there is none. */
  readonly notBefore: number;
  /** Which stages of the digest may be used. */
  readonly suitable: Suitable;
  readonly signal: AbortSignal;
}

/** Looks for a stage where it must be in the end. */
export async function findStage(
  storage: StageStorage,
  { digest, notBefore, suitable, signal }: FindRequest,
): Promise<StoredStage | null> {
  const candidates = await storage.candidates(digest, { fresh: false }, signal);
  return await firstUsable(storage, candidates, { notBefore, suitable }, signal);
}

/**
 * Looks for a stage in the local storage and copies it to the primary under the same id, so that it is not built again.
 * @returns null when the local storage lacks it
 */
export async function adoptLocalStage(
  local: StageStorage,
  primary: StageStorage,
  request: FindRequest,
  copy: (
    title: string,
    push: (waiting: Waiting) => Promise<StoredStage | null>,
  ) => Promise<StoredStage | null>,
): Promise<StoredStage | null> {
  const found = await findStage(local, request);
  if (!found) return null;
  const title = `Copy suitable stage from secondary ${local.address}`;
  const image = local.reference(found.id);
  return await copy(title, (waiting) => primary.save({ kind: 'image', image }, found.id, waiting));
}
