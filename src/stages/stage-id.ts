import type { StageDigest } from './stage-digest.ts';

/** What names a stored stage: its digest, and when it was saved. */
export interface StageId {
  readonly digest: StageDigest;
  /** Unix milliseconds, 13 digits. */
  readonly timestamp: number;
}

const PATTERN = /^([0-9a-f]{56})-([0-9]{13})$/;

/** @returns null for tags of any other form */
export function parseStageId(tag: string): StageId | null {
  const [, digest, timestamp] = PATTERN.exec(tag) ?? [];
  if (digest === undefined || timestamp === undefined) return null;
  return { digest: digest as StageDigest, timestamp: Number(timestamp) };
}

/** The tag of a stage in any storage. */
export function formatStageId({ digest, timestamp }: StageId): string {
  return `${digest}-${String(timestamp).padStart(13, '0')}`;
}

export function sameStage(a: StageId, b: StageId): boolean {
  return a.digest === b.digest && a.timestamp === b.timestamp;
}
