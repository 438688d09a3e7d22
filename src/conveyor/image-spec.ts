import { contentDigest, stageDigest } from '../stages/stage-digest.ts';
import { stageLabels } from '../stages/stage-labels.ts';
import { IMAGE_SPEC_STAGE } from '../stages/stapel-stages.ts';
import { anyStage } from '../storage/first-usable.ts';
import { changedConfiguration, planImageSpec } from './configuration-stages.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { findOrBuild } from './find-or-build.ts';
import type { StageResult } from './image-result.ts';
import type { ImageRun } from './image-run.ts';
import { storeStage } from './store-stage.ts';

/** The stage `imageSpec` behind the one of a Dockerfile; null where the image has none. */
export async function processImageSpec(
  parts: ConveyorParts,
  run: ImageRun,
  { stage: previous }: StageResult,
): Promise<StageResult | null> {
  const plan = planImageSpec(parts, run);
  if (plan === null || plan.work.kind !== 'configuration') return null;
  const { change } = plan.work;
  const { platform } = run;
  const name = IMAGE_SPEC_STAGE;
  const before = { digest: previous.id.digest, gitState: '' };
  const digest = stageDigest({ platform, name, dependencies: plan.dependencies, previous: before });
  const order = { name, digest, previous, suitable: anyStage };
  const labels = stageLabels({
    project: parts.project,
    version: parts.version,
    contentDigest: contentDigest({ platform, name, digest, gitState: '' }),
    commit: parts.commit.id,
    parent: previous.id,
    baseImageId: null,
  });
  return await findOrBuild(parts, run, {
    ...order,
    network: null,
    async build(building) {
      const made = await changedConfiguration(parts, building, { previous, change, labels });
      return await storeStage(parts, building, { ...order, made, basePulled: false });
    },
  });
}
