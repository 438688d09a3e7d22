import { UserError } from '../diagnostics/user-error.ts';
import { lockNames } from '../locks/lock-names.ts';
import { runTask } from '../progress/task.ts';
import type { StageDigest, StageName } from '../stages/stage-digest.ts';
import {
  adoptStage,
  type CopyingStage,
  copyStage,
  type FindRequest,
  findStage,
} from '../storage/find-stage.ts';
import type { Suitable } from '../storage/first-usable.ts';
import type { StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { StageResult, StageSource } from './image-result.ts';
import { type ImageRun, taskOf } from './image-run.ts';
import { imageTitle } from './image-title.ts';
import { commitOf, stageSummary } from './stage-summary.ts';
import type { BuiltStage } from './store-stage.ts';
import { waitingFor } from './waiting.ts';

/** A stage that an image needs. */
export interface StageOrder {
  readonly name: StageName;
  readonly digest: StageDigest;
  /** The previous stage of the image; null for the first. */
  readonly previous: StoredStage | null;
  /** Which stored stages of the digest may be used. */
  readonly suitable: Suitable;
  /** Network of its commands, for people to read; null: it runs none. */
  readonly network: string | null;
  /**
   * Builds and stores it. @param run its task is that of the building
   * @returns null when what the digest was computed with has changed meanwhile
   */
  build(run: ImageRun): Promise<BuiltStage | null>;
}

/**
 * Finds a stage, or builds and stores it. Nothing is locked to find it; to build it is, so that neither two images of a
 * run nor two builders that share locks build the same one.
 * @returns null when what the digest was computed with has changed meanwhile
 */
export async function findOrBuild(
  parts: ConveyorParts,
  run: ImageRun,
  order: StageOrder,
): Promise<StageResult | null> {
  const looking = lookingFor(parts, run, order);
  const found = await looking.find(false);
  if (found) return found;
  if (run.requireBuilt) throw missingStage(run, order);
  const lock = lockNames(parts.project).stage(order.digest);
  return await parts.locks.hold(lock, run.signal, async () => {
    // Whoever held the lock before may have built it.
    return (await looking.find(true)) ?? (await looking.adopt()) ?? (await looking.build());
  });
}

function lookingFor(parts: ConveyorParts, run: ImageRun, order: StageOrder) {
  const started = parts.now();
  const { name, digest, previous, suitable } = order;
  const request = { digest, notBefore: previous?.id.timestamp ?? 0, suitable, signal: run.signal };
  const result = (stage: StoredStage, source: StageSource | null, baseImagePulled = false): StageResult => ({
    name,
    stage,
    source,
    baseImagePulled,
    commit: commitOf(stage.facts.labels),
    duration: parts.now() - started,
  });
  const fillCaches = (stage: StoredStage) =>
    parts.caches.fill(stage, run.signal, (title, work) => runTask({ ...taskOf(parts, run), title }, work));
  const reuse = (found: StoredStage, source: StageSource) => {
    parts.progress.emit({ kind: 'stage-reused', ...eventOf(order, run, found) });
    return result(found, source);
  };
  return {
    async find(fresh: boolean): Promise<StageResult | null> {
      const found = await findStage(parts.primary, { ...request, fresh });
      return found && reuse(found, parts.primary.kind === 'local' ? 'local' : 'repo');
    },
    async adopt(): Promise<StageResult | null> {
      const adopted = await adopt(parts, run, request);
      if (!adopted) return null;
      await fillCaches(adopted.stage);
      return reuse(adopted.stage, adopted.source);
    },
    async build(): Promise<StageResult | null> {
      const title = `Building stage ${imageTitle(run.name)}/${name}`;
      const built = await runTask({ ...taskOf(parts, run), title }, async (task) => {
        const outcome = await order.build({ ...run, task });
        if (!outcome) return null;
        await fillCaches(outcome.stage);
        const event = { ...eventOf(order, run, outcome.stage), task: task.id };
        parts.progress.emit({ kind: outcome.discarded ? 'stage-reused' : 'stage-stored', ...event });
        return outcome;
      });
      return built && result(built.stage, built.discarded ? 'repo' : null, built.basePulled);
    },
  };
}

/** A stage that the primary lacks and another storage has, copied to the primary. */
async function adopt(
  parts: ConveyorParts,
  run: ImageRun,
  request: FindRequest,
): Promise<{ readonly stage: StoredStage; readonly source: StageSource } | null> {
  const { primary, caches, secondaries } = parts;
  const copying: CopyingStage = (title, save) =>
    runTask({ ...taskOf(parts, run), title }, (task) => save(waitingFor(task, run.signal)));
  const cached = await caches.find(request);
  const fromCache =
    cached && (await copyStage(cached.storage, primary, cached.stage, { copy: copying, signal: run.signal }));
  if (fromCache) return { stage: fromCache, source: 'cache-repo' };
  for (const storage of secondaries) {
    const stage = await adoptStage(storage, primary, request, copying);
    if (stage) return { stage, source: 'secondary' };
  }
  return null;
}

function eventOf({ name, network, previous }: StageOrder, run: ImageRun, stage: StoredStage) {
  const summary = stageSummary(stage, { network, platform: run.shownPlatform, previous });
  const imageName = run.shownPlatform === null ? {} : { imageName: imageTitle(run.name) };
  return { image: run.title, ...imageName, stage: name, task: run.task.id, summary };
}

function missingStage(run: ImageRun, { name, digest }: StageOrder): UserError {
  return new UserError('STAGES_REQUIRED', `stages required: ${run.title}/${name} (${digest})`, {
    hint: 'this commit was not built with this repository, or its stages were cleaned up: build it first',
  });
}
