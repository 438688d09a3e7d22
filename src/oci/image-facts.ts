import type { Platform } from './platform.ts';

/** What is known of an image from its manifest and configuration, without its layers. */
export interface ImageFacts {
  /** sha256:… of the configuration. */
  readonly id: string;
  /** sha256:… of the manifest; empty for local images. */
  readonly digest: string;
  readonly mediaType: string;
  readonly created: Date;
  /** Bytes of all layers: compressed in a registry, as stored locally. */
  readonly size: number;
  readonly platform: Platform;
  readonly labels: ReadonlyMap<string, string>;
  /** `NAME=value`, in the image's order. */
  readonly env: readonly string[];
  readonly onBuild: readonly string[];
}
