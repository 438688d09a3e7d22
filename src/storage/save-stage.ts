import type { Waiting } from '../engine/engine.ts';
import { nextTimestamp, orderCandidates } from '../stages/select-stage.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import type { StageStorage, StoredStage } from './stage-storage.ts';

export interface SaveRequest {
  readonly storage: StageStorage;
  readonly digest: StageDigest;
  /** Id of the local image. */
  readonly image: string;
  /** Timestamp of the previous stage; 0 when there is none. */
  readonly notBefore: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly waiting: Waiting;
}

export type SaveOutcome =
  | { readonly kind: 'saved'; readonly stage: StoredStage }
  /** Somebody was first: ours is not stored. */
  | { readonly kind: 'discarded'; readonly stage: StoredStage };

/** More attempts than savers that could collide in one millisecond. */
const ATTEMPTS = 20;

/**
 * Publishes a built stage, unless an equal one has appeared meanwhile. The first to save wins.
 * Right without any lock; a lock around it only saves uploads.
 */
export async function saveStage(request: SaveRequest): Promise<SaveOutcome> {
  const { storage, digest, image, notBefore, now, waiting } = request;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const candidates = await storage.candidates(digest, { fresh: true }, waiting.signal);
    const found = await firstUsable(storage, candidates, notBefore, waiting.signal);
    if (found) return { kind: 'discarded', stage: found };
    const timestamp = nextTimestamp(now(), candidates, notBefore);
    const stage = await storage.save(image, { digest, timestamp }, waiting);
    if (stage) return { kind: 'saved', stage };
  }
  throw new Error(`stage ${digest}: no free name in ${storage.address} after ${ATTEMPTS} attempts`);
}

/** The first candidate in order of saving that the storage still can describe. */
export async function firstUsable(
  storage: StageStorage,
  candidates: Parameters<typeof orderCandidates>[0],
  notBefore: number,
  signal: AbortSignal,
): Promise<StoredStage | null> {
  for (const id of orderCandidates(candidates, notBefore)) {
    const stage = await storage.describe(id, signal);
    if (stage) return stage;
  }
  return null;
}
