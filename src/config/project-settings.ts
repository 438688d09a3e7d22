import type { NamePattern } from './name-pattern.ts';

/** What `cleanup` keeps of a repository. */
export interface CleanupSettings {
  readonly disable: boolean;
  readonly disableKubernetesBasedPolicy: boolean;
  /** Also stops the publishing of records per commit. */
  readonly disableGitHistoryBasedPolicy: boolean;
  readonly disableBuiltWithinLastNHoursPolicy: boolean;
  readonly keepImagesBuiltWithinLastNHours: number;
  /** A later policy replaces what an earlier one says of the same reference; never empty. */
  readonly keepPolicies: readonly KeepPolicy[];
}

export interface KeepPolicy {
  readonly references: {
    readonly kind: 'branch' | 'tag';
    readonly name: NamePattern;
    readonly limit: KeepLimit;
  };
  readonly imagesPerReference: KeepLimit;
}

export interface KeepLimit {
  /** The newest so many; -1: all. */
  readonly last: number;
  /** Those younger than so many milliseconds; null: of any age. */
  readonly within: number | null;
  /** Must both hold, or one of them? */
  readonly operator: 'And' | 'Or';
}

/** What may be done to a clone to get the history that a command needs. */
export interface GitWorktreeSettings {
  readonly forceShallowClone: boolean;
  readonly allowUnshallow: boolean;
  readonly allowFetchOriginBranchesAndTags: boolean;
}
