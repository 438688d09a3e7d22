import { gitState } from '../../stages/mapping-identity.ts';
import { contentDigest, type StageDigest, stageDigest } from '../../stages/stage-digest.ts';
import {
  IMAGE_SPEC_STAGE,
  isDependencyStage,
  isUserStage,
  STAPEL_STAGES,
  type StapelStage,
} from '../../stages/stapel-stages.ts';
import { anyStage } from '../../storage/first-usable.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import { planDockerInstructions, planImageSpec } from '../configuration-stages.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { findOrBuild } from '../find-or-build.ts';
import type { StageResult } from '../image-result.ts';
import type { BuiltStage } from '../store-stage.ts';
import { gitLabels } from './git-files.ts';
import { type GitSelectionOptions, suitableAt } from './git-selection.ts';
import { introspectStage } from './introspect-stage.ts';
import { makeStage } from './make-stage.ts';
import { planDependencies } from './plan-dependencies.ts';
import { planFrom } from './plan-from.ts';
import { planGitArchive, planGitCache, planGitLatestPatch } from './plan-git.ts';
import { planUserStage } from './plan-user-stage.ts';
import { hashesOf, type StagePlan, type StapelRun } from './stapel-run.ts';

/** A stage of the chain that is found or built. */
interface Link {
  readonly stage: StoredStage;
  readonly digest: StageDigest;
  /** '' for stages that record no commits. */
  readonly gitState: string;
}

/** Takes an image through its stages, each found or built upon the one before. */
export async function processStapelImage(
  parts: ConveyorParts,
  run: StapelRun,
): Promise<readonly StageResult[]> {
  const results: StageResult[] = [];
  let previous: Link | null = null;
  for (const name of STAPEL_STAGES) {
    run.signal.throwIfAborted();
    const plan: StagePlan | null = await planStage(parts, run, name, previous?.stage ?? null);
    if (plan === null) continue;
    const { result, digest } = await resolveStage(parts, run, { name, plan, previous });
    results.push(result);
    const { stage } = result;
    await introspectStage(parts, run, name, stage);
    previous = { stage, digest, gitState: plan.git ? gitState(stage.facts.labels, hashesOf(run)) : '' };
  }
  return results;
}

/** @returns null for a stage that is empty */
async function planStage(
  parts: ConveyorParts,
  run: StapelRun,
  name: StapelStage,
  previous: StoredStage | null,
): Promise<StagePlan | null> {
  if (previous === null) return await planFrom(parts, run);
  if (isUserStage(name)) return await planUserStage(parts, run, name, previous);
  if (isDependencyStage(name)) return await planDependencies(parts, run, name);
  const { disableGitAfterPatch } = run.image;
  switch (name) {
    case 'gitArchive':
      return planGitArchive(run);
    case 'gitCache':
      return disableGitAfterPatch ? null : await planGitCache(run, previous);
    case 'gitLatestPatch':
      return disableGitAfterPatch ? null : await planGitLatestPatch(run, previous);
    case 'dockerInstructions':
      return disableGitAfterPatch ? null : planDockerInstructions(run.image);
    case IMAGE_SPEC_STAGE:
      return planImageSpec(parts, run);
    case 'from':
      return null;
  }
}

interface Planned {
  readonly name: StapelStage;
  readonly plan: StagePlan;
  readonly previous: Link | null;
}

async function resolveStage(parts: ConveyorParts, run: StapelRun, { name, plan, previous }: Planned) {
  const { platform, mappings } = run;
  const { dependencies, git, runs } = plan;
  const digest = stageDigest({ platform, name, dependencies, previous });
  const suitable = git ? suitableAt(mappings, selectionOf(parts, run)) : anyStage;
  const state = git ? gitState(gitLabels(mappings), hashesOf(run)) : '';
  const content = contentDigest({ platform, name, digest, gitState: state });
  const order = { name, digest, previous: previous?.stage ?? null, suitable };
  const result = await findOrBuild(parts, run, {
    ...order,
    network: runs ? (parts.network ?? run.image.network) : null,
    build: (building): Promise<BuiltStage> =>
      makeStage(parts, { ...run, task: building.task }, { ...order, plan, contentDigest: content }),
  });
  if (!result) throw new Error(`stage ${name} was not made`);
  return { result, digest };
}

function selectionOf(parts: ConveyorParts, { title }: StapelRun): GitSelectionOptions {
  return {
    anyCommit: parts.anyCommit,
    deepen: (repository, commit) => parts.deepen(repository, { commit, image: title }),
  };
}
