import { runTask } from '../progress/task.ts';
import type { StageDigest, StageName } from '../stages/stage-digest.ts';
import type { Suitable } from '../storage/first-usable.ts';
import { saveStage } from '../storage/save-stage.ts';
import type { MadeStage, StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageRun, taskOf } from './image-run.ts';
import { waitingFor } from './waiting.ts';

export interface BuiltStage {
  readonly stage: StoredStage;
  /** Somebody else saved an equal one first; `stage` is theirs. */
  readonly discarded: boolean;
  readonly basePulled: boolean;
}

export interface StageToStore {
  readonly name: StageName;
  readonly digest: StageDigest;
  readonly previous: StoredStage | null;
  readonly suitable: Suitable;
  readonly made: MadeStage;
  readonly basePulled: boolean;
}

/** Publishes a stage that was made, unless an equal one has appeared meanwhile. */
export async function storeStage(
  parts: ConveyorParts,
  run: ImageRun,
  { name, digest, previous, suitable, made, basePulled }: StageToStore,
): Promise<BuiltStage> {
  const { primary } = parts;
  const title = `Store stage into ${primary.address}`;
  const notBefore = previous?.id.timestamp ?? 0;
  const outcome = await runTask({ ...taskOf(parts, run), title }, (task) =>
    saveStage({
      storage: primary,
      digest,
      made,
      notBefore,
      suitable,
      now: parts.now,
      waiting: waitingFor(task, run.signal),
    }),
  );
  const image = made.kind === 'image' ? made.image : null;
  if (outcome.kind === 'saved') {
    if (image !== null) await parts.images.tag(image, primary.reference(outcome.stage.id), run.signal);
    return { stage: outcome.stage, discarded: false, basePulled };
  }
  run.task.line(
    `Discarding newly built image for stage ${name} by digest ${digest}: ${outcome.stage.name} was saved first`,
  );
  if (image !== null) await parts.images.remove(image, run.signal);
  return { stage: outcome.stage, discarded: true, basePulled };
}
