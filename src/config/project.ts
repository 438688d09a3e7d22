import type { Position } from '../diagnostics/problem.ts';
import type { Platform } from '../oci/platform.ts';
import type { ImageDependency, Secret } from './image-inputs.ts';
import type { ImageSpec } from './image-spec.ts';
import type { CleanupSettings, GitWorktreeSettings } from './project-settings.ts';
import type {
  DockerInstructions,
  GitMapping,
  ImportMapping,
  Mount,
  StapelBase,
  UserInstructions,
} from './stapel-parts.ts';

/** A validated `werf.yaml`: everything has its default, every cross check has passed. */
export interface Project {
  readonly name: string;
  /** In file order; a list of names is one image with several names. */
  readonly images: readonly ImageConfig[];
  readonly cleanup: CleanupSettings;
  readonly gitWorktree: GitWorktreeSettings;
}

export type ImageConfig = DockerfileImage | StapelImage;

/** What all kinds of images share. */
export interface ImageBase {
  /** At least one; the nameless image has the single name ''. */
  readonly names: readonly string[];
  readonly position: Position;
  /** Where the fields of its document are written, by name. */
  readonly fieldPositions: ReadonlyMap<string, Position>;
  readonly final: boolean;
  /** Its own, else that of the project, else ''. */
  readonly cacheVersion: string;
  /** Its own, else those of the project; empty: the host's. */
  readonly platforms: readonly Platform[];
  readonly network: string;
  readonly secrets: readonly Secret[];
  /** In file order. */
  readonly dependencies: readonly ImageDependency[];
  /** Its own joined with that of the project; null: none. */
  readonly imageSpec: ImageSpec | null;
  /** Bill of materials to attach; null: none. */
  readonly sbom: SbomStandard | null;
  /** Fields that are read and checked but cannot be built yet: using the image fails at build time. */
  readonly unsupported: readonly UnsupportedField[];
}

export type SbomStandard = 'spdx' | 'cyclonedx';

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
  /** One stage for every instruction. */
  readonly staged: boolean;
  /** As `docker build --ssh` takes it; '' when not given. */
  readonly ssh: string;
}

export interface StapelImage extends ImageBase {
  readonly kind: 'stapel';
  /** Written in the old form, by `artifact`. */
  readonly artifact: boolean;
  readonly base: StapelBase;
  /** The present digest of the base's tag enters the digest of `from`. */
  readonly fromLatest: boolean;
  readonly fromCacheVersion: string;
  readonly disableGitAfterPatch: boolean;
  /** In file order. */
  readonly git: readonly GitMapping[];
  readonly imports: readonly ImportMapping[];
  readonly mounts: readonly Mount[];
  readonly instructions: UserInstructions | null;
  readonly docker: DockerInstructions | null;
}
