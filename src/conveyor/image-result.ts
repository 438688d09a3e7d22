import type { ImageConfig } from '../config/project.ts';
import type { Platform } from '../oci/platform.ts';
import type { StageName } from '../stages/stage-digest.ts';
import type { StoredStage } from '../storage/stage-storage.ts';

/** Where a stage that was not built came from. */
export type StageSource = 'repo' | 'secondary' | 'cache-repo' | 'local';

export interface StageResult {
  readonly name: StageName;
  readonly stage: StoredStage;
  /** null: built in this run. */
  readonly source: StageSource | null;
  readonly baseImagePulled: boolean;
  /** Commit recorded in its label. */
  readonly commit: string;
  /** Milliseconds. */
  readonly duration: number;
}

/** An image for one platform. */
export interface ImageResult {
  /** '' is the nameless image. */
  readonly name: string;
  readonly config: ImageConfig;
  readonly platform: Platform;
  readonly stages: readonly StageResult[];
  /** Milliseconds. */
  readonly duration: number;
}

/** An image that another one needs: it is done before. */
export function imageOf(results: ReadonlyMap<string, ImageResult>, name: string): ImageResult {
  const found = results.get(name);
  if (!found) throw new Error(`image ${name} is needed and was not processed`);
  return found;
}

export function lastStage(results: ReadonlyMap<string, ImageResult>, name: string): StoredStage {
  return lastOf(imageOf(results, name)).stage;
}

export function lastOf({ name, stages }: Pick<ImageResult, 'name' | 'stages'>): StageResult {
  const last = stages.at(-1);
  if (!last) throw new Error(`image ${name} has no stage`);
  return last;
}
