import type { StapelImage } from '../../config/project.ts';
import type { StageImport } from '../../engine/stage-maker.ts';
import type { Canonical } from '../../stages/canonical.ts';
import type { MappingHash } from '../../stages/mapping-identity.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ImageResult } from '../image-result.ts';
import type { ImageRun } from '../image-run.ts';
import type { ContainerCommand } from './container-command.ts';
import type { MappingRun } from './mapping-run.ts';

/** A Stapel image on its way through its stages. */
export interface StapelRun extends ImageRun<StapelImage> {
  /** In file order. */
  readonly mappings: readonly MappingRun[];
  /** What the images that it needs have become, by name. */
  readonly needed: ReadonlyMap<string, ImageResult>;
}

/** What a stage brings over its base, in the order of these fields. */
export interface LayerWork {
  /** Id of the local base image; '' is nothing; null: the previous stage. */
  readonly base: string | null;
  readonly basePulled: boolean;
  /** Id of the configuration of an external base. */
  readonly baseImageId: string | null;
  /** The last stage of another image that this one is based on. */
  readonly parent: StoredStage | null;
  /** Absolute paths that become empty directories. */
  readonly emptied: readonly string[];
  readonly imports: readonly StageImport[];
  /** Brings the files of the mappings to the commit that is built. */
  readonly files: 'none' | 'archive' | 'patch';
  readonly command: ContainerCommand | null;
  readonly env: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
}

export const NO_WORK: LayerWork = {
  base: null,
  basePulled: false,
  baseImageId: null,
  parent: null,
  emptied: [],
  imports: [],
  files: 'none',
  command: null,
  env: new Map(),
  labels: new Map(),
};

/** A stage that is not empty: what decides it, and how it is made where it is missing. */
export interface StagePlan {
  readonly dependencies: readonly Canonical[];
  /** It records the commits of the mappings. */
  readonly git: boolean;
  /** It runs commands. */
  readonly runs: boolean;
  readonly work:
    | { readonly kind: 'layer'; prepare(run: StapelRun): Promise<LayerWork> }
    /** @param configuration that of the previous stage, as JSON */
    | { readonly kind: 'configuration'; change(configuration: string): string };
}

export function hashesOf({ mappings }: Pick<StapelRun, 'mappings'>): readonly MappingHash[] {
  return mappings.map(({ hash }) => hash);
}
