import { gitCacheInputs, latestPatchInputs } from '../../stages/stapel-inputs.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import { changesSince, deservesLayer, sizeOf } from './git-files.ts';
import { hashesOf, NO_WORK, type StagePlan, type StapelRun } from './stapel-run.ts';

const PATCH: StagePlan['work'] = {
  kind: 'layer',
  prepare: async () => ({ ...NO_WORK, files: 'patch' }),
};

/** All files of the mappings. What they are decides nothing: later commits are brought in by later stages. */
export function planGitArchive(run: StapelRun): StagePlan | null {
  if (run.mappings.length === 0) return null;
  return {
    dependencies: [...hashesOf(run)].sort(),
    git: true,
    runs: false,
    work: { kind: 'layer', prepare: async () => ({ ...NO_WORK, files: 'archive' }) },
  };
}

/** Changes that have become large. */
export async function planGitCache(run: StapelRun, previous: StoredStage): Promise<StagePlan | null> {
  if (run.mappings.length === 0) return null;
  const size = await sizeOf(run.mappings, await changesSince(run, previous));
  if (!deservesLayer(size)) return null;
  return { dependencies: gitCacheInputs(size), git: true, runs: false, work: PATCH };
}

/** What is left to bring the files to the commit. */
export async function planGitLatestPatch(run: StapelRun, previous: StoredStage): Promise<StagePlan | null> {
  if (run.mappings.length === 0) return null;
  const changes = await changesSince(run, previous);
  if (changes.every((entries) => entries.length === 0)) return null;
  return { dependencies: latestPatchInputs(changes), git: true, runs: false, work: PATCH };
}
