import type { IntrospectionRequest } from '../conveyor/introspection.ts';
import type { Platform } from '../oci/platform.ts';
import type { StorageRoles } from '../storage/storage-roles.ts';
import type { ReportOptions } from './report-options.ts';

/** What `build` is asked for. */
export interface BuildRequest {
  /** Image arguments as given; empty: all. @see chooseImages */
  readonly images: readonly string[];
  /** Restricts what no argument names to final images; what they need is built too. */
  readonly finalImagesOnly: boolean;
  readonly storage: StorageRoles;
  /** No registry and no remote repository is asked; `storage` tells only whose copies on this machine may be used. */
  readonly offline: boolean;
  /** In order, each once; empty: those of the images. */
  readonly platforms: readonly Platform[];
  /** Of an image of several platforms only that of this machine is built. */
  readonly ownPlatformOnly: boolean;
  /** Beats the images' own; null: not given. */
  readonly network: string | null;
  /** At most so many images at once; null: no limit. */
  readonly limit: number | null;
  /** Nothing is built: missing stages are an error. */
  readonly requireBuilt: boolean;
  /** Templates of further tags for final images. */
  readonly customTags: readonly string[];
  readonly report: ReportOptions;
  /** Where shells are wanted in build containers; then `limit` is 1. */
  readonly introspection: IntrospectionRequest;
}
