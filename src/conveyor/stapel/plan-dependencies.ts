import type { ImageDependency } from '../../config/image-inputs.ts';
import type { ImportMapping } from '../../config/stapel-parts.ts';
import { inputHash } from '../../stages/canonical.ts';
import { formatStageId } from '../../stages/stage-id.ts';
import { dependencyInputs } from '../../stages/stapel-inputs.ts';
import { DEPENDENCY_STAGES, type DependencyStage } from '../../stages/stapel-stages.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { dependencyVariables } from '../dependency-variables.ts';
import { lastStage } from '../image-result.ts';
import { contentDigestOf } from '../stage-summary.ts';
import { type ImportSource, importSource } from './import-source.ts';
import { type LayerWork, NO_WORK, type StagePlan, type StapelRun } from './stapel-run.ts';

/** Files and facts of other images that come at one moment; null where none do. */
export async function planDependencies(
  parts: ConveyorParts,
  run: StapelRun,
  stage: DependencyStage,
): Promise<StagePlan | null> {
  const moment = DEPENDENCY_STAGES[stage];
  const isNow = ({ when }: ImportMapping | ImageDependency) =>
    when?.order === moment.order && when.stage === moment.stage;
  const imports = run.image.imports.filter(isNow);
  const dependencies = run.image.dependencies.filter(isNow);
  if (imports.length === 0 && dependencies.length === 0) return null;
  const sources = await Promise.all(imports.map((one) => importSource(parts, run, one)));
  return {
    dependencies: dependencyInputs(
      imports.map(({ to, owner, group }, i) => ({ checksum: sources[i]?.checksum ?? '', to, owner, group })),
      dependencies.map(({ image, imports: facts }) => ({
        contentDigest: contentDigestOf(lastStage(run.needed, image)),
        imports: facts,
      })),
    ),
    git: false,
    runs: false,
    work: {
      kind: 'layer',
      prepare: (running) => prepare(parts, running, { imports, dependencies, sources }),
    },
  };
}

interface Planned {
  readonly imports: readonly ImportMapping[];
  readonly dependencies: readonly ImageDependency[];
  readonly sources: readonly ImportSource[];
}

async function prepare(
  parts: ConveyorParts,
  run: StapelRun,
  { imports, dependencies, sources }: Planned,
): Promise<LayerWork> {
  const images = await Promise.all(sources.map(({ local }) => local(run)));
  const labels = new Map<string, string>();
  for (const { id, checksum, stageId } of sources) {
    labels.set(`werf-import-checksum-${id}`, checksum);
    if (stageId !== '') labels.set(`werf-import-source-stage-id-${id}`, stageId);
  }
  for (const { image } of dependencies) {
    const stageId = formatStageId(lastStage(run.needed, image).id);
    labels.set(`werf-dependency-stage-id-${inputHash([stageId])}`, stageId);
  }
  return {
    ...NO_WORK,
    imports: imports.map(({ add, to, owner, group, includePaths, excludePaths }, i) => ({
      image: images[i] ?? '',
      add,
      to,
      includePaths,
      excludePaths,
      owner: owner ?? '',
      group: group ?? '',
    })),
    env: dependencyVariables(parts, dependencies, run.needed),
    labels,
  };
}
