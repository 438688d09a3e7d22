import type { DependencyType } from '../config/image-inputs.ts';
import type { Mount, ShellInstructions, UserStage } from '../config/stapel-parts.ts';
import type { Platform } from '../oci/platform.ts';
import { type Canonical, compareText, inputHash } from './canonical.ts';
import type { ContentDigest } from './stage-digest.ts';
import { GIT_CACHE_STEP } from './stapel-stages.ts';

/** What the first stage starts from. */
export type FromBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'image'; readonly contentDigest: ContentDigest }
  /** As written. */
  | { readonly kind: 'reference'; readonly reference: string };

export interface FromInputs {
  readonly cacheVersion: string;
  readonly fromCacheVersion: string;
  /** Digest of the base's tag at present, where `fromLatest` asks for it; else ''. */
  readonly latestDigest: string;
  readonly mounts: readonly Mount[];
  readonly base: FromBase;
}

/** @see docs/reference/digests.md */
export function fromInputs(inputs: FromInputs): readonly Canonical[] {
  const { cacheVersion, fromCacheVersion, latestDigest, mounts, base } = inputs;
  const mounted = mounts
    .map(({ source, to }) => [source.kind === 'path' ? source.path : source.kind, to])
    .sort((a, b) => compareText(a.join('\0'), b.join('\0')));
  return [cacheVersion, fromCacheVersion, latestDigest, mounted, ...baseInputs(base)];
}

function baseInputs(base: FromBase): readonly Canonical[] {
  switch (base.kind) {
    case 'scratch':
      return ['scratch'];
    case 'image':
      return ['image', base.contentDigest];
    case 'reference':
      return ['ref', base.reference];
  }
}

/** @param checksums of `stageDependencies`, for the stages that have them */
export function shellInputs(
  { commands, stageCacheVersions, cacheVersion }: ShellInstructions,
  stage: UserStage,
  checksums: readonly string[],
): readonly Canonical[] {
  return ['shell', commands[stage], stageCacheVersions[stage], cacheVersion, ...checksums];
}

export interface ImportInputs {
  /** Of the files in the source. */
  readonly checksum: string;
  readonly to: string;
  readonly owner: string | null;
  readonly group: string | null;
}

export interface DependencyInputs {
  readonly contentDigest: ContentDigest;
  readonly imports: readonly { readonly type: DependencyType; readonly target: string }[];
}

export function dependencyInputs(
  imports: readonly ImportInputs[],
  dependencies: readonly DependencyInputs[],
): readonly Canonical[] {
  const files = imports.flatMap(({ checksum, to, owner, group }) => ['import', checksum, to, owner, group]);
  const facts = dependencies.flatMap((dependency): readonly Canonical[] => [
    'dependency',
    dependency.contentDigest,
    ...dependency.imports
      .map(({ type, target }) => [type, target] as const)
      .sort((a, b) => compareText(a.join('\0'), b.join('\0')))
      .flat(),
  ]);
  return [...files, ...facts];
}

/** Names the record of an import's checksum: what is taken, and from where. */
export function importSourceId(source: {
  readonly from:
    | { readonly kind: 'stage'; readonly contentDigest: ContentDigest }
    | { readonly kind: 'external'; readonly reference: string; readonly platform: Platform };
  readonly add: string;
  readonly includePaths: readonly string[];
  readonly excludePaths: readonly string[];
}): string {
  const { from, add, includePaths, excludePaths } = source;
  const origin: Canonical =
    from.kind === 'stage' ? from.contentDigest : ['external', from.reference, from.platform];
  return inputHash([origin, add, includePaths, excludePaths]);
}

/** One path of a mapping that differs between two commits; '' for what is not there. */
export interface PatchEntry {
  /** Relative to `add`. */
  readonly path: string;
  readonly before: { readonly mode: string; readonly id: string } | null;
  readonly after: { readonly mode: string; readonly id: string } | null;
}

/** @param patches one per mapping, in file order */
export function latestPatchInputs(patches: readonly (readonly PatchEntry[])[]): readonly Canonical[] {
  return patches.map(
    (entries): Canonical =>
      entries.map(
        ({ path, before, after }): Canonical => [
          path,
          before?.mode ?? '',
          before?.id ?? '',
          after?.mode ?? '',
          after?.id ?? '',
        ],
      ),
  );
}

/** @param size of the changes of all mappings, bytes */
export function gitCacheInputs(size: number): readonly Canonical[] {
  return [Math.floor(size / GIT_CACHE_STEP)];
}
