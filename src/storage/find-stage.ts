import type { Waiting } from '../engine/engine.ts';
import { orderCandidates } from '../stages/select-stage.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import { firstUsable } from './save-stage.ts';
import type { StageStorage, StoredStage } from './stage-storage.ts';

export interface FindRequest {
  readonly digest: StageDigest;
  /** Timestamp of the previous stage; 0 when there is none. */
  readonly notBefore: number;
  readonly signal: AbortSignal;
}

/** Looks for a stage where it must be in the end. */
export function findStage(
  storage: StageStorage,
  { digest, notBefore, signal }: FindRequest,
): Promise<StoredStage | null> {
  return storage
    .candidates(digest, { fresh: false }, signal)
    .then((candidates) => firstUsable(storage, candidates, notBefore, signal));
}

/**
 * Looks for a stage in the local storage and copies it to the primary under the same id, so that it is not built again.
 * @returns null when the local storage lacks it
 */
export async function adoptLocalStage(
  local: StageStorage,
  primary: StageStorage,
  { digest, notBefore, signal }: FindRequest,
  copy: (
    title: string,
    push: (waiting: Waiting) => Promise<StoredStage | null>,
  ) => Promise<StoredStage | null>,
): Promise<StoredStage | null> {
  const candidates = await local.candidates(digest, { fresh: false }, signal);
  for (const id of orderCandidates(candidates, notBefore)) {
    const title = `Copy suitable stage from secondary ${local.address}`;
    const copied = await copy(title, (waiting) => primary.save(local.reference(id), id, waiting));
    if (copied) return copied;
  }
  return null;
}
