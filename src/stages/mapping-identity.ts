import type { GitMapping } from '../config/stapel-parts.ts';
import { inputHash } from './canonical.ts';

/** 64 hex digits: names what a mapping takes and where it puts it, whatever the commit. */
export type MappingHash = string & { readonly __mappingHash: unique symbol };

/** @see docs/reference/digests.md */
export function mappingHash(mapping: GitMapping): MappingHash {
  const { repository, add, to, owner, group, includePaths, excludePaths } = mapping;
  const remote = repository.kind === 'remote' ? repository : null;
  const reference = remote?.reference;
  return inputHash([
    remote?.url ?? 'own',
    remote?.name ?? '',
    add,
    to,
    owner,
    group,
    includePaths,
    excludePaths,
    reference?.kind === 'branch' ? reference.branch : null,
    reference?.kind === 'tag' ? reference.tag : null,
    reference?.kind === 'commit' ? reference.commit : null,
  ]) as MappingHash;
}

/** Labels in which a stage records at which commit, and as what, it holds a mapping. */
export function mappingLabels(hash: MappingHash) {
  return { commit: `werf-git-${hash}-commit`, type: `werf-git-${hash}-type` } as const;
}

export interface RecordedMapping {
  /** '' when the stage has no record of the mapping. */
  readonly commit: string;
  /** `directory` or `file`; '' when there is no record. */
  readonly type: string;
}

export function recordedMapping(labels: ReadonlyMap<string, string>, hash: MappingHash): RecordedMapping {
  const names = mappingLabels(hash);
  return { commit: labels.get(names.commit) ?? '', type: labels.get(names.type) ?? '' };
}

/** What a stage's git records add to digests: the commits of all mappings. @param hashes of the image's mappings; none: '' */
export function gitState(labels: ReadonlyMap<string, string>, hashes: readonly MappingHash[]): string {
  if (hashes.length === 0) return '';
  const commits = hashes.map((hash) => recordedMapping(labels, hash).commit);
  return inputHash([...commits].sort());
}
