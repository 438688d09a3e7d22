import type { Platform } from '../../oci/platform.ts';
import type { Finding } from '../reading/finding.ts';
import { imageCycles } from './image-cycles.ts';
import type { ImageDocument } from './image-document.ts';
import { nameConflicts } from './name-conflicts.ts';
import { missingPlatforms, neededImages } from './needed-images.ts';

export interface CheckedAgainst {
  /** Names of all images of the file, also of those that could not be read. */
  readonly names: ReadonlySet<string>;
  readonly platforms: {
    /** That of images which name none; null: not known. */
    readonly host: Platform | null;
    /** The user asks for platforms, which every image then has. */
    readonly areChosen: boolean;
  };
}

/** What one document alone cannot show. */
export function crossChecks(
  images: readonly ImageDocument[],
  { names, platforms }: CheckedAgainst,
): readonly Finding[] {
  return [
    ...nameConflicts(images),
    ...neededImages(images, names),
    ...imageCycles(images),
    ...(platforms.areChosen ? [] : missingPlatforms(images, platforms.host)),
  ];
}
