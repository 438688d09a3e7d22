import type { ImportMapping } from '../../config/stapel-parts.ts';
import { UserError } from '../../diagnostics/user-error.ts';
import { lockNames } from '../../locks/lock-names.ts';
import { formatStageId } from '../../stages/stage-id.ts';
import { importSourceId } from '../../stages/stapel-inputs.ts';
import type { StoredStage } from '../../storage/stage-storage.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { imageOf, lastStage } from '../image-result.ts';
import { localImageOf } from '../local-image.ts';
import { pullBase } from '../pull-base.ts';
import { contentDigestOf } from '../stage-summary.ts';
import type { StapelRun } from './stapel-run.ts';

/** Where the files of an import come from, and what they are. */
export interface ImportSource {
  /** Of source and selection: names the record of the checksum. */
  readonly id: string;
  readonly checksum: string;
  /** '' for an external image. */
  readonly stageId: string;
  /** Brings the source into the store. @returns id of the local image */
  local(run: StapelRun): Promise<string>;
}

/**
 * What an import takes, from its record where there is one: the source is fetched only to be looked at for the first time.
 * A source that was built anew with the same files has the same checksum.
 */
export async function importSource(
  parts: ConveyorParts,
  run: StapelRun,
  mapping: ImportMapping,
): Promise<ImportSource> {
  const { add, includePaths, excludePaths } = mapping;
  const stage = stageOf(run, mapping);
  const from =
    mapping.source.kind === 'image' && stage
      ? ({ kind: 'stage', contentDigest: contentDigestOf(stage) } as const)
      : ({ kind: 'external', reference: referenceOf(mapping), platform: run.platform } as const);
  const id = importSourceId({ from, add, includePaths, excludePaths });
  const stageId = stage ? formatStageId(stage.id) : '';
  const local = (running: StapelRun) =>
    stage
      ? localImageOf(parts, running, stage)
      : pullBase(parts, running, referenceOf(mapping), run.platform).then(({ image }) => image.facts.id);
  const checksum = await parts.locks.hold(lockNames(parts.project).import(id), run.signal, async () => {
    const known = await parts.importRecords.find(id, run.signal);
    if (known) return known.checksum;
    const image = await local(run);
    const taken = await parts.maker.checksum({ image, add, includePaths, excludePaths }, run.signal);
    if (!taken.found) throw nothingThere(mapping);
    if (taken.count === 0) warnOfNothing(parts, run, mapping);
    await parts.importRecords.save(id, { sourceStageId: stageId, checksum: taken.checksum }, run.signal);
    return taken.checksum;
  });
  return { id, checksum, stageId, local };
}

function stageOf({ needed }: StapelRun, { source, stage, position }: ImportMapping): StoredStage | null {
  if (source.kind === 'reference') return null;
  if (stage === null) return lastStage(needed, source.image);
  const found = imageOf(needed, source.image).stages.find(({ name }) => name === stage);
  if (found) return found.stage;
  const message = `the image ${source.image} has no stage ${stage} to import from`;
  const has = imageOf(needed, source.image).stages.map(({ name }) => name);
  throw new UserError('IMPORT_STAGE_MISSING', message, {
    problems: [{ code: 'IMPORT_STAGE_MISSING', message, position, hint: `it has ${has.join(', ')}` }],
  });
}

function referenceOf({ source }: ImportMapping): string {
  return source.kind === 'reference' ? source.reference : source.image;
}

function titleOf({ source }: ImportMapping): string {
  return source.kind === 'reference' ? source.reference : `the image ${source.image || '~'}`;
}

function nothingThere(mapping: ImportMapping): UserError {
  const message = `\`import\`: ${mapping.add} is not in ${titleOf(mapping)}`;
  const hint = `look with: slipway run ${mapping.source.kind === 'image' ? mapping.source.image : 'IMAGE'} -- ls ${mapping.add}`;
  return new UserError('IMPORT_MISSING', 'files cannot be imported', {
    problems: [{ code: 'IMPORT_MISSING', message, position: mapping.position, hint }],
  });
}

function warnOfNothing(parts: ConveyorParts, { title }: StapelRun, mapping: ImportMapping): void {
  const message = `\`import\`: nothing below ${mapping.add} of ${titleOf(mapping)} is taken by the masks`;
  const problem = { code: 'IMPORT_EMPTY', message, position: mapping.position };
  parts.progress.emit({ kind: 'warning', problem, image: title });
}
