import type { ParsedStage } from '../dockerfile/dockerfile.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';

/**
 * For which platform each stage of a Dockerfile is, by its index: what its FROM says, else that of the stage it is based on,
 * else the target's.
 * @param stages in file order
 */
export function stagePlatforms(
  stages: readonly Pick<ParsedStage, 'index' | 'baseStage' | 'platform'>[],
  target: Platform,
): ReadonlyMap<number, Platform> {
  const platforms = new Map<number, Platform>();
  for (const { index, baseStage, platform } of stages) {
    const own = platform === '' ? null : parsePlatform(platform);
    platforms.set(index, own ?? platforms.get(baseStage) ?? target);
  }
  return platforms;
}
