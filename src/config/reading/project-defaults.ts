import type { Position } from '../../diagnostics/problem.ts';
import type { Platform } from '../../oci/platform.ts';
import type { ProjectImageSpec } from '../image-spec.ts';
import type { SbomStandard } from '../project.ts';

/** What images have where they say nothing themselves. */
export interface ProjectDefaults {
  readonly cacheVersion: string;
  readonly platforms: readonly Platform[];
  readonly staged: boolean;
  readonly imageSpec: ProjectImageSpec | null;
  readonly sbom: SbomStandard | null;
  /** Where the fields of `build` are written; null: not given. */
  position(field: string): Position | null;
}

export const NO_DEFAULTS: ProjectDefaults = {
  cacheVersion: '',
  platforms: [],
  staged: false,
  imageSpec: null,
  sbom: null,
  position: () => null,
};
