import { UserError } from '../../diagnostics/user-error.ts';
import type { StageFiles, StageShell } from '../../engine/stage-maker.ts';
import type { ContentDigest, StageDigest } from '../../stages/stage-digest.ts';
import { stageLabels } from '../../stages/stage-labels.ts';
import type { StapelStage } from '../../stages/stapel-stages.ts';
import type { Suitable } from '../../storage/first-usable.ts';
import type { MadeStage, StoredStage } from '../../storage/stage-storage.ts';
import { changedConfiguration } from '../configuration-stages.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { imageTitle } from '../image-title.ts';
import type { ShellMoment } from '../introspection.ts';
import { localImageOf } from '../local-image.ts';
import { type BuiltStage, storeStage } from '../store-stage.ts';
import { waitingFor } from '../waiting.ts';
import { archiveFiles, changesSince, gitLabels, patchFiles } from './git-files.ts';
import type { LayerWork, StagePlan, StapelRun } from './stapel-run.ts';

export interface StageToMake {
  readonly name: StapelStage;
  readonly digest: StageDigest;
  readonly contentDigest: ContentDigest;
  readonly previous: StoredStage | null;
  readonly suitable: Suitable;
  readonly plan: StagePlan;
}

/** Makes a stage and stores it. */
export async function makeStage(
  parts: ConveyorParts,
  run: StapelRun,
  order: StageToMake,
): Promise<BuiltStage> {
  const { work } = order.plan;
  if (work.kind === 'layer') {
    const prepared = await work.prepare(run);
    const made = await makeLayer(parts, run, order, prepared);
    return await storeStage(parts, run, { ...order, made, basePulled: prepared.basePulled });
  }
  if (order.previous === null) throw new Error(`stage ${order.name} needs a stage before it`);
  const labels = labelsOf(parts, run, order, null);
  const made = await changedConfiguration(parts, run, {
    previous: order.previous,
    change: work.change,
    labels,
  });
  return await storeStage(parts, run, { ...order, made, basePulled: false });
}

async function makeLayer(
  parts: ConveyorParts,
  run: StapelRun,
  order: StageToMake,
  work: LayerWork,
): Promise<MadeStage> {
  const { primary, sourceDateEpoch } = parts;
  const { previous } = order;
  const { command, imports, emptied, env } = work;
  const base = work.base ?? (previous ? await localImageOf(parts, run, previous) : '');
  const onLine = (line: string) => {
    for (const text of command?.show(line) ?? [line]) run.task.line(text);
  };
  const waiting = { ...waitingFor(run.task, run.signal), onLine };
  const request = {
    base,
    platform: run.platform,
    emptied,
    imports,
    files: await filesOf(run, order, work),
    env,
    labels: labelsOf(parts, run, order, work),
    createdBy: `slipway stage ${order.name}`,
    sourceDateEpoch,
    uploadTo: primary.kind === 'repository' ? primary.address : '',
  };
  const place = { image: imageTitle(run.name), stage: order.name };
  const make = (shell: StageShell | null) =>
    parts.maker.make({ ...request, command: command && { ...command.command, shell } }, waiting);
  const withShell = (moment: ShellMoment) =>
    command === null
      ? make(null)
      : parts.introspection.withShell({ ...place, moment }, command.command, run.signal, make);
  try {
    const made = await withShell('failed');
    if (!made) throw new Error(`stage ${order.name} was not made`);
    return { kind: 'image', image: made.facts.id };
  } catch (error) {
    const failed = error instanceof UserError && error.code === 'BUILD_FAILED';
    if (failed && parts.introspection.wants({ ...place, moment: 'before' })) await withShell('before');
    throw command ? command.failure(error) : error;
  }
}

async function filesOf(
  run: StapelRun,
  { previous }: StageToMake,
  { files }: LayerWork,
): Promise<readonly StageFiles[]> {
  if (files === 'none' || previous === null) return [];
  if (files === 'archive') return await Promise.all(run.mappings.map(archiveFiles));
  const changes = await changesSince(run, previous);
  return run.mappings
    .map((mapping, m) => patchFiles(mapping, changes[m] ?? []))
    .filter(({ removed, write }) => removed.length > 0 || write !== null);
}

/** @param work null for a stage without a layer of its own */
function labelsOf(
  parts: ConveyorParts,
  run: StapelRun,
  { contentDigest, previous, plan }: StageToMake,
  work: LayerWork | null,
): ReadonlyMap<string, string> {
  const { project, version, commit } = parts;
  const general = stageLabels({
    project,
    version,
    contentDigest,
    commit: commit.id,
    parent: previous?.id ?? work?.parent?.id ?? null,
    baseImageId: work?.baseImageId ?? null,
  });
  return new Map([...general, ...(plan.git ? gitLabels(run.mappings) : []), ...(work?.labels ?? [])]);
}
