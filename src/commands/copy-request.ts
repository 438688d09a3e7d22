import type { Platform } from '../oci/platform.ts';
import type { RepositoryAddress } from '../oci/repository-address.ts';
import type { ReportOptions } from './report-options.ts';

/** Where stages are copied from or to. */
export type CopyPlace =
  | {
      readonly kind: 'repository';
      readonly address: RepositoryAddress /** As given. */;
      readonly text: string;
    }
  | { readonly kind: 'archive' /** Absolute. */; readonly path: string; readonly text: string };

export interface CopyStagesRequest {
  readonly from: CopyPlace;
  readonly to: CopyPlace;
  /** All stages with their records; else those of the images of the commit, or of the report where that is to be used. */
  readonly all: boolean;
  readonly report: ReportOptions;
  /** Into an archive: with the images that are not the project's and that its configuration needs. */
  readonly baseImages: boolean;
  /** In order, each once; empty: those of the images. */
  readonly platforms: readonly Platform[];
}

/** Something that is copied: its name at both ends. */
export interface CopiedImage {
  readonly name: string;
  /** Where it is now; '' in an archive. */
  readonly reference: string;
  /** What it is called elsewhere; '' for what is the project's. */
  readonly original: string;
}
