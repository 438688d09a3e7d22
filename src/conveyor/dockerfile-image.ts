import { UserError } from '../diagnostics/user-error.ts';
import { runTask } from '../progress/task.ts';
import { DOCKERFILE_STAGE, type DockerfileStage, dockerfileStage } from '../stages/dockerfile-stage.ts';
import { adoptLocalStage, findStage } from '../storage/find-stage.ts';
import type { StoredStage } from '../storage/stage-storage.ts';
import { buildDockerfileStage } from './build-dockerfile-stage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { StageResult, StageSource } from './image-result.ts';
import { type ImageRun, taskOf } from './image-run.ts';
import { commitOf, stageSummary } from './stage-summary.ts';
import { waitingFor } from './waiting.ts';

/** A base may turn out, when it is pulled, to mean something else than was known; once more is then enough. */
const ATTEMPTS = 3;

/** Looks the stage up, builds and saves it where it is missing. */
export async function processDockerfileImage(parts: ConveyorParts, run: ImageRun): Promise<StageResult> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const stage = await resolve(parts, run);
    const result = await parts.locks.hold(`${parts.project}.${stage.digest}`, run.signal, () =>
      findOrBuild(parts, run, stage),
    );
    if (result) return result;
  }
  throw new UserError(
    'BASE_IMAGE_UNSTABLE',
    `${run.title}: the base images change faster than they can be built upon`,
    {
      hint: 'name them by digest in FROM',
    },
  );
}

function resolve(parts: ConveyorParts, { image, platform, signal }: ImageRun): Promise<DockerfileStage> {
  return dockerfileStage({
    image,
    platform,
    context: parts.contextOf(image),
    reader: parts.reader,
    base: (reference, of) => parts.bases.get(reference, of, signal),
    signal,
  });
}

/** @returns null when the bases are not what the digest was computed with */
async function findOrBuild(
  parts: ConveyorParts,
  run: ImageRun,
  stage: DockerfileStage,
): Promise<StageResult | null> {
  const started = parts.now();
  const request = { digest: stage.digest, notBefore: 0, signal: run.signal };
  const reuse = (found: StoredStage, source: StageSource) => {
    parts.progress.emit({ kind: 'stage-reused', ...eventOf(parts, run, found) });
    return resultOf(found, source, false, parts.now() - started);
  };
  const found = await findStage(parts.primary, request);
  if (found) return reuse(found, parts.primary.kind === 'local' ? 'local' : 'repo');
  if (run.requireBuilt) throw missingStage(run, stage);
  const adopted =
    parts.local &&
    (await adoptLocalStage(parts.local, parts.primary, request, (title, push) =>
      runTask({ ...taskOf(parts, run), title }, (task) => push(waitingFor(task, run.signal))),
    ));
  if (adopted) return reuse(adopted, 'secondary');
  const built = await runTask(
    { ...taskOf(parts, run), title: `Building stage ${run.title}/${DOCKERFILE_STAGE}` },
    async (task) => {
      const outcome = await buildDockerfileStage(parts, { ...run, task }, stage);
      if (outcome) {
        const event = { ...eventOf(parts, run, outcome.stage), task: task.id };
        parts.progress.emit({ kind: outcome.discarded ? 'stage-reused' : 'stage-stored', ...event });
      }
      return outcome;
    },
  );
  if (!built) return null;
  const source = built.discarded ? 'repo' : null;
  return resultOf(built.stage, source, built.basePulled, parts.now() - started);
}

function eventOf(parts: ConveyorParts, run: ImageRun, stage: StoredStage) {
  const network = parts.network ?? run.image.network;
  const summary = stageSummary(stage, { network, platform: null });
  return { image: run.title, stage: DOCKERFILE_STAGE, task: run.task.id, summary };
}

function resultOf(
  stage: StoredStage,
  source: StageSource | null,
  baseImagePulled: boolean,
  duration: number,
): StageResult {
  const commit = commitOf(stage.facts.labels);
  return { name: DOCKERFILE_STAGE, stage, source, baseImagePulled, commit, duration };
}

function missingStage(run: ImageRun, stage: DockerfileStage): UserError {
  return new UserError(
    'STAGES_REQUIRED',
    `stages required: ${run.title}/${DOCKERFILE_STAGE} (${stage.digest})`,
    {
      hint: 'this commit was not built with this repository, or its stages were cleaned up: build it first',
    },
  );
}
