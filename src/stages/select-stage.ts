import type { StageId } from './stage-id.ts';

/**
 * Picks the stored stage to reuse among those sharing one digest.
 * @param candidates in any order, may be empty
 * @param notBefore timestamp of the selected previous stage; 0 when there is none
 * @returns candidates that may be used, the one to prefer (the first that was saved) in front
 */
export function orderCandidates(candidates: readonly StageId[], notBefore: number): readonly StageId[] {
  return candidates
    .filter(({ timestamp }) => timestamp >= notBefore)
    .sort((a, b) => a.timestamp - b.timestamp);
}

/**
 * The time that names a stage about to be saved: later than all of its digest, not before its previous stage.
 * @param now Unix milliseconds
 */
export function nextTimestamp(now: number, candidates: readonly StageId[], notBefore: number): number {
  const latest = candidates.reduce((max, { timestamp }) => Math.max(max, timestamp), 0);
  return Math.max(now, latest + 1, notBefore);
}
