import { createHash } from 'node:crypto';
import type { Platform } from '../oci/platform.ts';

/** The last stage of an image for one platform. */
export interface IndexedStage {
  readonly platform: Platform;
  /** Its tag: digest and time. */
  readonly tag: string;
}

/** The order in which an index lists its images, whatever order the platforms were asked for in. */
export function byPlatform<T extends { readonly platform: Platform }>(parts: readonly T[]): readonly T[] {
  return [...parts].sort((a, b) => (a.platform < b.platform ? -1 : a.platform > b.platform ? 1 : 0));
}

/** Tag of the index of an image of several platforms: 56 hex digits. Others compute the same from the stages' tags. */
export function indexTag(parts: readonly IndexedStage[]): string {
  const tags = byPlatform(parts).map(({ tag }) => tag);
  return createHash('sha3-224').update(tags.join(':::')).digest('hex');
}

export function isIndexTag(tag: string): boolean {
  return /^[0-9a-f]{56}$/.test(tag);
}
