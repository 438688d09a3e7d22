import { UserError } from '../../diagnostics/user-error.ts';
import { mountLabels, recordedMounts } from '../../stages/mount-labels.ts';
import { type FromBase, fromInputs } from '../../stages/stapel-inputs.ts';
import type { ConveyorParts } from '../conveyor-parts.ts';
import { lastStage } from '../image-result.ts';
import { localImageOf } from '../local-image.ts';
import { pullBase } from '../pull-base.ts';
import { contentDigestOf } from '../stage-summary.ts';
import { emptiedPlaces } from './build-container.ts';
import { runsCommands } from './plan-user-stage.ts';
import { type LayerWork, NO_WORK, type StagePlan, type StapelRun } from './stapel-run.ts';

/** The stage `from`: the base, with empty places for what is mounted. */
export async function planFrom(parts: ConveyorParts, run: StapelRun): Promise<StagePlan> {
  const { image } = run;
  const { cacheVersion, fromCacheVersion, mounts } = image;
  const latestDigest = image.fromLatest ? await latestOf(parts, run) : '';
  return {
    dependencies: fromInputs({ cacheVersion, fromCacheVersion, latestDigest, mounts, base: baseOf(run) }),
    git: false,
    runs: false,
    work: { kind: 'layer', prepare: (running) => prepare(parts, running) },
  };
}

function baseOf({ image, needed }: StapelRun): FromBase {
  const { base } = image;
  if (base.kind !== 'image') return base;
  return { kind: 'image', contentDigest: contentDigestOf(lastStage(needed, base.image)) };
}

async function latestOf(parts: ConveyorParts, { image, platform, signal }: StapelRun): Promise<string> {
  const { base } = image;
  if (base.kind !== 'reference') return '';
  // Unlike a HEAD this asks the mirrors that pulls ask.
  const found = await parts.registry.image(base.reference, platform, signal);
  if (found) return found.digest;
  throw new UserError(
    'BASE_IMAGE_NOT_FOUND',
    `the base image ${base.reference} does not exist, and \`fromLatest\` asks for its newest state`,
    { hint: 'check the name and the tag; a private registry answers so to strangers too: log in first' },
  );
}

async function prepare(parts: ConveyorParts, run: StapelRun): Promise<LayerWork> {
  const { image, needed, platform } = run;
  const { base, mounts } = image;
  // Where the first stage is made, those with commands will be as well: better nothing is made in vain.
  if (runsCommands(image.instructions)) await parts.emulation.require(platform);
  const withMounts = async (labels: ReadonlyMap<string, string>) => {
    const all = mountLabels(labels, mounts);
    return { labels: all, emptied: await emptiedPlaces(recordedMounts(all), run, parts.mountPlaces) };
  };
  switch (base.kind) {
    case 'scratch':
      return { ...NO_WORK, base: '', ...(await withMounts(new Map())) };
    case 'image': {
      const parent = lastStage(needed, base.image);
      const local = await localImageOf(parts, run, parent);
      return { ...NO_WORK, base: local, parent, ...(await withMounts(parent.facts.labels)) };
    }
    case 'reference': {
      const { image: pulled, pulled: isNew } = await pullBase(parts, run, base.reference, platform);
      const { id, labels } = pulled.facts;
      return { ...NO_WORK, base: id, baseImageId: id, basePulled: isNew, ...(await withMounts(labels)) };
    }
  }
}
