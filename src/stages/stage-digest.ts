import type { Platform } from '../oci/platform.ts';
import { type Canonical, DIGEST_FORMAT, inputHash, stageHash } from './canonical.ts';

/** 56 hex digits. Equal digests are the same stage, whatever image, project or repository asks for it. */
export type StageDigest = string & { readonly __stageDigest: unique symbol };

/** 56 hex digits: a stage digest together with the commits it was built at. */
export type ContentDigest = string & { readonly __contentDigest: unique symbol };

/** Names as users meet them in logs, such as `dockerfile` or `beforeInstall`. */
export type StageName = string;

/** Everything that decides a stage. */
export interface StageInputs {
  readonly platform: Platform;
  readonly name: StageName;
  /** What this kind of stage depends on, in the order its rule gives. */
  readonly dependencies: readonly Canonical[];
  /** The nearest earlier stage of the image that is not empty; null for the first. */
  readonly previous: { readonly digest: StageDigest; readonly gitState: string } | null;
}

/** @see docs/reference/digests.md */
export function stageDigest({ platform, name, dependencies, previous }: StageInputs): StageDigest {
  return stageHash([
    'stage',
    DIGEST_FORMAT,
    platform,
    name,
    inputHash(dependencies),
    previous?.digest ?? '',
    previous?.gitState ?? '',
  ]) as StageDigest;
}

/**
 * Tells apart stages of one digest that were built at different commits.
 * @param gitState '' for stages that record no commits
 */
export function contentDigest(stage: {
  readonly platform: Platform;
  readonly name: StageName;
  readonly digest: StageDigest;
  readonly gitState: string;
}): ContentDigest {
  const { platform, name, digest, gitState } = stage;
  return stageHash(['content', DIGEST_FORMAT, platform, name, digest, gitState]) as ContentDigest;
}
