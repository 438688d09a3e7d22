import type { ImageFacts } from '../oci/image-facts.ts';
import type { Platform } from '../oci/platform.ts';

/** What slipway asks of registries besides pulls and pushes of local images. */
export interface Registry {
  /**
   * Tags that begin with `prefix`, sorted. One list per repository and run unless `refresh`.
   * A repository that does not exist has none.
   */
  tags(
    repository: string,
    query: { readonly prefix: string; readonly refresh: boolean },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /** Manifest and configuration, no layers. @returns null when there is no such image */
  image(reference: string, platform: Platform, signal: AbortSignal): Promise<ImageFacts | null>;
  /** Digest of the manifest a tag names, by HEAD. @returns null when there is no such tag */
  head(reference: string, signal: AbortSignal): Promise<string | null>;
  /** The configuration of an image, as JSON. @returns null when there is no such image */
  configuration(reference: string, platform: Platform, signal: AbortSignal): Promise<string | null>;
  /**
   * Writes an image with the layers of another one and this configuration, given as JSON.
   * @param change not `tagged`: it gets no tag, for an index to list it
   * @returns digest of its manifest
   */
  reconfigure(
    from: string,
    to: string,
    change: { readonly platform: Platform; readonly configuration: string; readonly tagged: boolean },
    signal: AbortSignal,
  ): Promise<string>;
  /** Writes an image without layers whose labels are a record. */
  record(reference: string, labels: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void>;
  /** Lists images of a repository under one tag, in this order. @returns digest of what was written */
  index(
    repository: string,
    tag: string,
    images: readonly { readonly reference: string; readonly platform: Platform }[],
    signal: AbortSignal,
  ): Promise<string>;
  /** Registry to registry: mounts or streams blobs, writes the tag last. */
  copy(from: string, to: string, signal: AbortSignal): Promise<void>;
  delete(reference: string, signal: AbortSignal): Promise<void>;
}
