import type { Position } from '../diagnostics/problem.ts';

/** A value that build containers see as the file `/run/secrets/<id>`. */
export interface Secret {
  /** Unique in its image; a file name. */
  readonly id: string;
  readonly source: SecretSource;
  readonly position: Position;
}

export type SecretSource =
  | { readonly kind: 'env'; readonly name: string }
  /** Relative to the project directory, absolute, or below the home directory by `~/`. */
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'value'; readonly text: string };

/** What of an image another one may be told. */
export const DEPENDENCY_TYPES = ['ImageName', 'ImageTag', 'ImageRepo', 'ImageDigest', 'ImageID'] as const;
export type DependencyType = (typeof DEPENDENCY_TYPES)[number];

/** Facts of another image of the file, known while this one is built. */
export interface ImageDependency {
  /** Name of an image of the file. */
  readonly image: string;
  /** When they are set; null in Dockerfile images, which get them as build arguments. */
  readonly when: BuildMoment | null;
  readonly imports: readonly {
    readonly type: DependencyType;
    /** Name of the build argument or of the variable. */
    readonly target: string;
  }[];
  readonly position: Position;
}

/** Before or after a user stage. */
export interface BuildMoment {
  readonly order: 'before' | 'after';
  readonly stage: 'install' | 'setup';
}
