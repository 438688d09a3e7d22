import type { Position } from '../diagnostics/problem.ts';
import type { Platform } from '../oci/platform.ts';

/** A validated `werf.yaml`: everything has its default, every cross check has passed. */
export interface Project {
  readonly name: string;
  /** In file order; a list of names is one image with several names. */
  readonly images: readonly ImageConfig[];
}

export type ImageConfig = DockerfileImage | StapelImage;

/** What all kinds of images share. */
export interface ImageBase {
  /** At least one; the nameless image has the single name ''. */
  readonly names: readonly string[];
  readonly position: Position;
  readonly final: boolean;
  /** Its own, else that of the project, else ''. */
  readonly cacheVersion: string;
  /** Its own, else those of the project; empty: the host's. */
  readonly platforms: readonly Platform[];
  readonly network: string;
  /** Fields that are read and checked but cannot be built yet: using the image fails at build time. */
  readonly unsupported: readonly UnsupportedField[];
}

export interface UnsupportedField {
  readonly field: string;
  readonly position: Position;
}

export interface DockerfileImage extends ImageBase {
  readonly kind: 'dockerfile';
  /** Relative to the project directory, normalised, never leaving it; '' is the project directory itself. */
  readonly context: string;
  /** Relative to `context`. */
  readonly dockerfile: string;
  readonly dockerfilePosition: Position;
  /** Relative to `context`, in file order, no trailing `/`. */
  readonly contextAddFiles: readonly { readonly path: string; readonly position: Position }[];
  /** '' is the last stage. */
  readonly target: string;
  readonly targetPosition: Position;
  readonly args: ReadonlyMap<string, string>;
  /** `host:ip` */
  readonly addHosts: readonly string[];
}

/** Recognised, named and carried, so that the other images of its file can be built. */
export interface StapelImage extends ImageBase {
  readonly kind: 'stapel';
}
