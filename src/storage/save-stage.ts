import type { Waiting } from '../engine/engine.ts';
import { nextTimestamp } from '../stages/select-stage.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import { firstUsable, type Suitable } from './first-usable.ts';
import type { MadeStage, StageStorage, StoredStage } from './stage-storage.ts';

export interface SaveRequest {
  readonly storage: StageStorage;
  readonly digest: StageDigest;
  readonly made: MadeStage;
  /** Timestamp of the previous stage; 0 when there is none. */
  readonly notBefore: number;
  /** Which stages of the digest may be used in its place. */
  readonly suitable: Suitable;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly waiting: Waiting;
}

export type SaveOutcome =
  | { readonly kind: 'saved'; readonly stage: StoredStage }
  /** Somebody was first: theirs is used, whether or not ours was stored, too. */
  | { readonly kind: 'discarded'; readonly stage: StoredStage };

/** More attempts than savers that could collide in one millisecond. */
const ATTEMPTS = 20;

/**
 * Publishes a built stage, unless an equal one has appeared meanwhile. The first to save wins.
 * Right without any lock; a lock around it only saves uploads.
 */
export async function saveStage(request: SaveRequest): Promise<SaveOutcome> {
  const { storage, digest, made, notBefore, suitable, now, waiting } = request;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const candidates = await storage.candidates(digest, { fresh: true }, waiting.signal);
    const found = await firstUsable(storage, candidates, { notBefore, suitable }, waiting.signal);
    if (found) return { kind: 'discarded', stage: found };
    const timestamp = nextTimestamp(now(), candidates, notBefore);
    const stage = await storage.save(made, { digest, timestamp }, waiting);
    if (stage) return await theOneThatAllUse(request, stage);
  }
  throw new Error(`stage ${digest}: no free name in ${storage.address} after ${ATTEMPTS} attempts`);
}

/** Two savers may not have seen each other: afterwards at least one of them does. The other's stays, unused. */
async function theOneThatAllUse(
  { storage, digest, notBefore, suitable, waiting: { signal } }: SaveRequest,
  stage: StoredStage,
): Promise<SaveOutcome> {
  if (storage.kind === 'local') return { kind: 'saved', stage };
  const candidates = await storage.candidates(digest, { fresh: true }, signal);
  const earlier = candidates.filter(({ timestamp }) => timestamp < stage.id.timestamp);
  const found = await firstUsable(storage, earlier, { notBefore, suitable }, signal);
  return found ? { kind: 'discarded', stage: found } : { kind: 'saved', stage };
}
