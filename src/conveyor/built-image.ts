import type { ImageConfig } from '../config/project.ts';
import type { Platform } from '../oci/platform.ts';
import { byPlatform, indexTag } from '../stages/index-tag.ts';
import { formatStageId } from '../stages/stage-id.ts';
import { type ImageResult, lastOf } from './image-result.ts';

/** By what an image is pulled: its last stage, or the index of those of its platforms. */
export interface ImageTarget {
  readonly kind: 'stage' | 'index';
  readonly tag: string;
  /** `repo:tag`, or `project:tag` in the local storage. */
  readonly name: string;
  /** sha256:… of the manifest; '' in the local storage. */
  readonly digest: string;
}

/** An image with all that was built of it. */
export interface BuiltImage {
  /** '' is the nameless image. */
  readonly name: string;
  readonly config: ImageConfig;
  /** In the order of the names of their platforms. */
  readonly parts: readonly ImageResult[];
  readonly target: ImageTarget;
  /** The same in the final repository, where there is one and the image is final. */
  readonly finalName: string | null;
}

/** The results for each image, in the order of the images' first results. */
export function partsByImage(results: readonly ImageResult[]): readonly (readonly ImageResult[])[] {
  const images = new Map<string, ImageResult[]>();
  for (const result of results) images.set(result.name, [...(images.get(result.name) ?? []), result]);
  return [...images.values()].map(byPlatform);
}

/** @returns null for several platforms: they need an index */
export function stageTarget(parts: readonly ImageResult[]): ImageTarget | null {
  const [only, ...more] = parts;
  if (!only || more.length > 0) return null;
  const { id, name, facts } = lastOf(only).stage;
  return { kind: 'stage', tag: formatStageId(id), name, digest: facts.digest };
}

export function indexTagOf(parts: readonly ImageResult[]): string {
  return indexTag(
    parts.map((part) => ({ platform: part.platform, tag: formatStageId(lastOf(part).stage.id) })),
  );
}

export function platformsOf(parts: readonly ImageResult[]): readonly Platform[] {
  return parts.map(({ platform }) => platform);
}
