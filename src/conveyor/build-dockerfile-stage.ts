import type { DockerfileImage } from '../config/project.ts';
import type { BuildSource, LocalImage } from '../engine/engine.ts';
import { type Platform, parsePlatform } from '../oci/platform.ts';
import { type DependedImage, dependencyNamed } from '../stages/dockerfile-dependency.ts';
import { DOCKERFILE_STAGE, type DockerfileStage, dockerfilePath } from '../stages/dockerfile-stage.ts';
import { stageLabels } from '../stages/stage-labels.ts';
import { stagePlatforms } from '../stages/stage-platforms.ts';
import { anyStage } from '../storage/first-usable.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { ImageRun } from './image-run.ts';
import { localImageOf } from './local-image.ts';
import { pullBase } from './pull-base.ts';
import { type BuiltStage, storeStage } from './store-stage.ts';
import { waitingFor } from './waiting.ts';

/** @returns null when a pulled base changes what is to be built: the digest must be computed again */
export async function buildDockerfileStage(
  parts: ConveyorParts,
  run: ImageRun<DockerfileImage>,
  stage: DockerfileStage,
): Promise<BuiltStage | null> {
  for (const platform of platformsOfCommands(stage, run.platform)) await parts.emulation.require(platform);
  const bases = await pullBases(parts, run, stage);
  if (bases.changed) return null;
  const plain = await build(parts, run, stage);
  const labelled = await label(parts, run, stage, plain, bases.id);
  if (labelled.facts.id !== plain.facts.id) await parts.images.remove(plain.facts.id, run.signal);
  return await storeStage(parts, run, {
    name: DOCKERFILE_STAGE,
    digest: stage.digest,
    previous: null,
    suitable: anyStage,
    made: { kind: 'image', image: labelled.facts.id },
    basePulled: bases.pulled,
  });
}

/** For which platforms the stages of the file are that run commands. */
function platformsOfCommands({ parsed }: DockerfileStage, target: Platform): readonly Platform[] {
  const platforms = stagePlatforms(parsed.stages, target);
  const running = parsed.stages.filter(({ instructions }) => instructions.some(({ name }) => name === 'RUN'));
  return running.map(({ index }) => platforms.get(index) ?? target);
}

interface PulledBases {
  readonly pulled: boolean;
  readonly changed: boolean;
  /** Id of the target's own base, when it is one image. */
  readonly id: string | null;
}

async function pullBases(
  parts: ConveyorParts,
  run: ImageRun<DockerfileImage>,
  { parsed, dependencies }: DockerfileStage,
): Promise<PulledBases> {
  const ids = new Map<string, string>();
  let pulled = false;
  let changed = false;
  const external = parsed.stages.filter(({ baseKind }) => baseKind === 'reference');
  for (const { baseReference: reference, platform: own } of external) {
    if (ids.has(`${own} ${reference}`)) continue;
    const image = dependencyNamed(reference, dependencies)?.image;
    if (image) {
      ids.set(
        `${own} ${reference}`,
        await localImageOf(parts, run, {
          id: image.stageId,
          name: image.name,
          facts: { digest: image.digest },
        }),
      );
      continue;
    }
    const platform = (own === '' ? null : parsePlatform(own)) ?? run.platform;
    const got = await pullBase(parts, run, reference, platform);
    ids.set(`${own} ${reference}`, got.image.facts.id);
    pulled ||= got.pulled;
    if (await parts.bases.pulled(reference, platform, got.image.facts)) changed = true;
  }
  return { pulled, changed, id: ids.size === 1 ? ([...ids.values()][0] ?? null) : null };
}

/** The image of the file that the target is based on; null: it starts from something else. */
function ownBase({ parsed, dependencies }: DockerfileStage): DependedImage | null {
  let at = parsed.stages.find(({ index }) => index === parsed.targetIndex);
  while (at?.baseKind === 'stage') {
    const { baseStage } = at;
    at = parsed.stages.find(({ index }) => index === baseStage);
  }
  return at ? (dependencyNamed(at.baseReference, dependencies)?.image ?? null) : null;
}

async function build(
  parts: ConveyorParts,
  run: ImageRun<DockerfileImage>,
  stage: DockerfileStage,
): Promise<LocalImage> {
  const { image } = run;
  const { primary } = parts;
  return await parts.builder.build(
    {
      dockerfile: stage.text,
      dockerfileName: dockerfilePath(image),
      context: stage.parsed.usesContext ? sourceOf(stage) : null,
      uploadTo: primary.kind === 'repository' ? primary.address : '',
      target: String(stage.parsed.targetIndex),
      buildArgs: stage.buildArgs,
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
  run: ImageRun<DockerfileImage>,
  stage: DockerfileStage,
  built: LocalImage,
  baseImageId: string | null,
): Promise<LocalImage> {
  const labels = stageLabels({
    project: parts.project,
    version: parts.version,
    contentDigest: stage.contentDigest,
    commit: parts.commit.id,
    parent: ownBase(stage)?.stageId ?? null,
    baseImageId,
  });
  const change = { labels, sourceDateEpoch: parts.sourceDateEpoch, name: '' };
  return parts.builder.relabel(built.facts.id, change, waitingFor(run.task, run.signal));
}
