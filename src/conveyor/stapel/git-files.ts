import type { StageFiles } from '../../engine/stage-maker.ts';
import type { ObjectId } from '../../git/objects.ts';
import { mappingLabels } from '../../stages/mapping-identity.ts';
import { GIT_CACHE_STEP } from '../../stages/stapel-stages.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import { recordedCommits } from './git-selection.ts';
import type { MappedChange, MappingRun } from './mapping-run.ts';
import { hashesOf, type StapelRun } from './stapel-run.ts';

/** What a mapping's files are in the commit. */
export async function archiveFiles(mapping: MappingRun): Promise<StageFiles> {
  const files = await mapping.files();
  return { ...placeOf(mapping), removed: [], write: (sink, signal) => mapping.write(files, sink, signal) };
}

/** What of a mapping's files differs from a stage. */
export function patchFiles(mapping: MappingRun, changes: readonly MappedChange[]): StageFiles {
  const removed = changes.filter(({ after }) => after === null).map(({ target }) => target);
  const placed = changes.map(({ entry }) => entry).filter((entry) => entry !== null);
  const write: StageFiles['write'] =
    placed.length === 0 ? null : (sink, signal) => mapping.write(placed, sink, signal);
  return { ...placeOf(mapping), removed, write };
}

function placeOf({ mapping, to }: MappingRun) {
  return { to, owner: mapping.owner ?? '', group: mapping.group ?? '' };
}

/** What differs between a stage and the commit, for each mapping in file order. */
export async function changesSince(
  { mappings }: Pick<StapelRun, 'mappings'>,
  stage: StoredStage,
): Promise<readonly (readonly MappedChange[])[]> {
  const commits = recordedCommits(stage, hashesOf({ mappings }));
  return await Promise.all(
    mappings.map((mapping) => mapping.patch(commits.get(mapping.hash) ?? mapping.commit.id)),
  );
}

/**
 * How much differs, in bytes: for each path the larger of its contents before and after. It only has to be known whether
 * and how often it exceeds the size from which changes get a layer of their own.
 */
export async function sizeOf(
  mappings: readonly MappingRun[],
  changes: readonly (readonly MappedChange[])[],
): Promise<number> {
  const sizes = await Promise.all(
    mappings.map(async ({ repository }, m) => {
      const paths = (changes[m] ?? []).map(({ before, after }) =>
        [before, after].flatMap((entry) =>
          entry === null || entry.mode === '160000' ? [] : [entry.id as ObjectId],
        ),
      );
      const known = await repository.commits.sizes(paths.flat());
      let at = 0;
      return paths.reduce((sum, ids) => sum + Math.max(0, ...ids.map(() => known[at++] ?? 0)), 0);
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

export function deservesLayer(size: number): boolean {
  return size >= GIT_CACHE_STEP;
}

/** Records at which commits a stage holds the mappings. */
export function gitLabels(mappings: readonly MappingRun[]): ReadonlyMap<string, string> {
  return new Map(
    mappings.flatMap(({ hash, commit, type }): [string, string][] => {
      const names = mappingLabels(hash);
      return [
        [names.commit, commit.id],
        [names.type, type],
      ];
    }),
  );
}
