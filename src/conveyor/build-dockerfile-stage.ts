import type { BuildSource, LocalImage } from '../engine/engine.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import { runTask, runTaskOnceBusy } from '../progress/task.ts';
import { type DockerfileStage, dockerfilePath } from '../stages/dockerfile-stage.ts';
import { stageLabels } from '../stages/stage-labels.ts';
import { saveStage } from '../storage/save-stage.ts';
import type { StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageRun, taskOf } from './image-run.ts';
import { waitingFor } from './waiting.ts';

export interface BuiltStage {
  readonly stage: StoredStage;
  /** Somebody else saved an equal one first; `stage` is theirs. */
  readonly discarded: boolean;
  readonly basePulled: boolean;
}

/** @returns null when a pulled base changes what is to be built: the digest must be computed again */
export async function buildDockerfileStage(
  parts: ConveyorParts,
  run: ImageRun,
  stage: DockerfileStage,
): Promise<BuiltStage | null> {
  const bases = await pullBases(parts, run, stage);
  if (bases.changed) return null;
  const plain = await build(parts, run, stage);
  const labelled = await label(parts, run, stage, plain, bases.id);
  if (labelled.facts.id !== plain.facts.id) await parts.images.remove(plain.facts.id, run.signal);
  return { ...(await store(parts, run, stage, labelled)), basePulled: bases.pulled };
}

interface PulledBases {
  readonly pulled: boolean;
  readonly changed: boolean;
  /** Id of the target's own base, when it is one image. */
  readonly id: string | null;
}

async function pullBases(
  parts: ConveyorParts,
  run: ImageRun,
  { parsed }: DockerfileStage,
): Promise<PulledBases> {
  const ids = new Map<string, string>();
  let pulled = false;
  let changed = false;
  const external = parsed.stages.filter(({ baseKind }) => baseKind === 'reference');
  for (const { baseReference: reference, platform: own } of external) {
    if (ids.has(`${own} ${reference}`)) continue;
    const platform = (own === '' ? null : parsePlatform(own)) ?? run.platform;
    const got = await pullBase(parts, run, reference, platform);
    ids.set(`${own} ${reference}`, got.image.facts.id);
    pulled ||= got.pulled;
    if (await parts.bases.pulled(reference, platform, got.image.facts)) changed = true;
  }
  return { pulled, changed, id: ids.size === 1 ? ([...ids.values()][0] ?? null) : null };
}

async function pullBase(parts: ConveyorParts, run: ImageRun, reference: string, platform: Platform) {
  const title = `Pulling base image ${reference}`;
  const got = await runTaskOnceBusy({ ...taskOf(parts, run), title }, (task) =>
    parts.builder.pull(reference, { policy: 'newer', platform }, waitingFor(task, run.signal)),
  );
  for (const message of got.warnings) {
    parts.progress.emit({
      kind: 'warning',
      problem: { code: 'BASE_IMAGE_STALE', message },
      image: run.title,
    });
  }
  return got;
}

async function build(parts: ConveyorParts, run: ImageRun, stage: DockerfileStage): Promise<LocalImage> {
  const { image } = run;
  const { primary } = parts;
  return await parts.builder.build(
    {
      dockerfile: stage.text,
      dockerfileName: dockerfilePath(image),
      context: stage.parsed.usesContext ? sourceOf(stage) : null,
      uploadTo: primary.kind === 'repository' ? primary.address : '',
      target: String(stage.parsed.targetIndex),
      buildArgs: image.args,
      platform: run.platform,
      addHosts: image.addHosts,
      network: parts.network ?? image.network,
      secrets: await parts.secretsOf(image),
      sshAgents: parts.sshAgentsOf(image),
      sourceDateEpoch: parts.sourceDateEpoch,
    },
    waitingFor(run.task, run.signal),
  );
}

function sourceOf({ context, needs }: DockerfileStage): BuildSource {
  return {
    checksums: needs.map(({ checksum }) => checksum),
    write(part, sink, signal) {
      const asked = part === 'all' ? needs : needs.slice(part, part + 1);
      return context.write([...new Set(asked.flatMap(({ files }) => files))], sink, signal);
    },
  };
}

function label(
  parts: ConveyorParts,
  run: ImageRun,
  stage: DockerfileStage,
  built: LocalImage,
  baseImageId: string | null,
): Promise<LocalImage> {
  const labels = stageLabels({
    project: parts.project,
    version: parts.version,
    contentDigest: stage.contentDigest,
    commit: parts.commit.id,
    parent: null,
    baseImageId,
  });
  const change = { labels, sourceDateEpoch: parts.sourceDateEpoch, name: '' };
  return parts.builder.relabel(built.facts.id, change, waitingFor(run.task, run.signal));
}

async function store(parts: ConveyorParts, run: ImageRun, { digest }: DockerfileStage, image: LocalImage) {
  const { primary } = parts;
  const title = `Store stage into ${primary.address}`;
  const outcome = await runTask({ ...taskOf(parts, run), title }, (task) =>
    saveStage({
      storage: primary,
      digest,
      image: image.facts.id,
      notBefore: 0,
      now: parts.now,
      waiting: waitingFor(task, run.signal),
    }),
  );
  if (outcome.kind === 'saved') {
    await parts.images.tag(image.facts.id, primary.reference(outcome.stage.id), run.signal);
    return { stage: outcome.stage, discarded: false };
  }
  run.task.line(
    `Discarding newly built image for stage dockerfile by digest ${digest}: ${outcome.stage.name} was saved first`,
  );
  await parts.images.remove(image.facts.id, run.signal);
  return { stage: outcome.stage, discarded: true };
}
