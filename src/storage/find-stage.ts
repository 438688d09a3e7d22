import type { Waiting } from '../engine/engine.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import { firstUsable, type Suitable } from './first-usable.ts';
import type { MadeStage, StageStorage, StoredStage } from './stage-storage.ts';

export interface FindRequest {
  readonly digest: StageDigest;
  /** Timestamp of the previous stage; 0 when there is none. */
  readonly notBefore: number;
  /** Which stages of the digest may be used. */
  readonly suitable: Suitable;
  /** Look again, although this run has looked. */
  readonly fresh?: boolean;
  readonly signal: AbortSignal;
}

/** Looks for a stage where it must be in the end. */
export async function findStage(
  storage: StageStorage,
  { digest, notBefore, suitable, fresh = false, signal }: FindRequest,
): Promise<StoredStage | null> {
  const candidates = await storage.candidates(digest, { fresh }, signal);
  return await firstUsable(storage, candidates, { notBefore, suitable }, signal);
}

/**
 * Looks for a stage in another storage and copies it to the primary under the same id, so that it is not built again.
 * @returns null when the other storage lacks it
 */
export async function adoptStage(
  from: StageStorage,
  primary: StageStorage,
  request: FindRequest,
  copy: CopyingStage,
): Promise<StoredStage | null> {
  const found = await findStage(from, request);
  return found && (await copyStage(from, primary, found, { copy, signal: request.signal }));
}

export type CopyingStage = (
  title: string,
  save: (waiting: Waiting) => Promise<StoredStage | null>,
) => Promise<StoredStage | null>;

/** @returns the copy; null when it is gone before it could be described */
export async function copyStage(
  from: StageStorage,
  primary: StageStorage,
  { id }: StoredStage,
  { copy, signal }: { readonly copy: CopyingStage; readonly signal: AbortSignal },
): Promise<StoredStage | null> {
  const reference = from.reference(id);
  const made: MadeStage =
    from.kind === 'local' ? { kind: 'image', image: reference } : { kind: 'copy', reference };
  const title = `Copy suitable stage from secondary ${from.address}`;
  const copied = await copy(title, (waiting) => primary.save(made, id, waiting));
  // Another process may have copied it at the same time.
  return copied ?? (await primary.describe(id, signal));
}
