import type { ObjectId } from '../../git/objects.ts';
import type { GitRepository } from '../../git/repository.ts';
import { type MappingHash, recordedMapping } from '../../stages/mapping-identity.ts';
import type { Suitable } from '../../storage/first-usable.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { MappingRun } from './mapping-run.ts';

export interface GitSelectionOptions {
  /** Any commit will do that the repository has, ancestor or not. */
  readonly anyCommit: boolean;
  /**
   * Asked where a clone is too short to know the commit of a stage.
   * @returns whether its history is whole now
   */
  readonly deepen: (repository: GitRepository, commit: string) => Promise<boolean>;
}

/**
 * Stages that record commits may be used when these are the commits being built, or ancestors of them: work of unrelated
 * branches is never mixed.
 */
export function suitableAt(mappings: readonly MappingRun[], options: GitSelectionOptions): Suitable {
  return async (stages) => {
    let left = stages.filter((stage) => mappings.every((mapping) => isRecorded(stage, mapping)));
    for (const mapping of mappings) {
      const commitOf = ({ facts }: StoredStage) =>
        recordedMapping(facts.labels, mapping.hash).commit as ObjectId;
      const others = [...new Set(left.map(commitOf))].filter((commit) => commit !== mapping.commit.id);
      const before = others.length === 0 ? new Set<ObjectId>() : await usable(mapping, others, options);
      left = left.filter((stage) => commitOf(stage) === mapping.commit.id || before.has(commitOf(stage)));
    }
    return left;
  };
}

/** The commits at which a stage holds the mappings, by their hashes. */
export function recordedCommits(
  stage: StoredStage,
  hashes: readonly MappingHash[],
): ReadonlyMap<MappingHash, ObjectId> {
  return new Map(
    hashes.map((hash) => [hash, recordedMapping(stage.facts.labels, hash).commit as ObjectId] as const),
  );
}

function isRecorded({ facts }: StoredStage, { hash, type }: MappingRun): boolean {
  const recorded = recordedMapping(facts.labels, hash);
  return recorded.commit !== '' && recorded.type === type;
}

async function usable(
  mapping: MappingRun,
  commits: readonly ObjectId[],
  options: GitSelectionOptions,
): Promise<ReadonlySet<ObjectId>> {
  const { repository, commit } = mapping;
  const known = options.anyCommit
    ? await present(repository, commits)
    : await repository.history.ancestorsAmong(commits, commit.id);
  if (known.size > 0 || !(await repository.history.isShallow())) return known;
  const here = await present(repository, commits);
  const missing = commits.find((id) => !here.has(id));
  if (missing === undefined || !(await options.deepen(repository, missing))) return known;
  return await usable(mapping, commits, options);
}

async function present(
  repository: GitRepository,
  commits: readonly ObjectId[],
): Promise<ReadonlySet<ObjectId>> {
  const found = await Promise.all(commits.map((id) => repository.commits.commit(id)));
  return new Set(commits.filter((_, i) => found[i] !== null));
}
