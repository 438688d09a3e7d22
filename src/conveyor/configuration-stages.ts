import type { ImageConfig, StapelImage } from '../config/project.ts';
import { changedSettings } from '../oci/image-settings.ts';
import { applyDocker, canonicalDocker } from '../stages/docker-instructions-stage.ts';
import { applyImageSpec, canonicalImageSpec } from '../stages/image-spec-stage.ts';
import type { MadeStage, StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { ImageRun } from './image-run.ts';
import type { StagePlan } from './stapel/stapel-run.ts';

/** The stage of the field `docker`; null where it is not given. */
export function planDockerInstructions({ docker }: StapelImage): StagePlan | null {
  if (docker === null) return null;
  return {
    dependencies: canonicalDocker(docker),
    git: false,
    runs: false,
    work: {
      kind: 'configuration',
      // No stage before has changed what the base says of user, directory and command.
      change: (configuration) => applyDocker(configuration, docker, configuration),
    },
  };
}

/** The stage of the field `imageSpec`; null where it is not given. */
export function planImageSpec(
  parts: ConveyorParts,
  { image, name }: Pick<ImageRun<ImageConfig>, 'image' | 'name'>,
): StagePlan | null {
  const { imageSpec } = image;
  if (imageSpec === null || parts.skipImageSpec) return null;
  const names = { image: name, project: parts.project };
  return {
    dependencies: canonicalImageSpec(imageSpec, names),
    git: false,
    runs: false,
    work: {
      kind: 'configuration',
      // Its warnings were told when the configuration was read.
      change: (before) => applyImageSpec(before, imageSpec, names).configuration,
    },
  };
}

/** The layers of the previous stage with another configuration: no layer is read, moved or written. */
export async function changedConfiguration(
  parts: ConveyorParts,
  { signal }: Pick<ImageRun, 'signal'>,
  {
    previous,
    change,
    labels,
  }: {
    readonly previous: StoredStage;
    readonly change: (configuration: string) => string;
    readonly labels: ReadonlyMap<string, string>;
  },
): Promise<MadeStage> {
  const before = await parts.primary.configuration(previous.id, signal);
  const configuration = changedSettings(change(before), (settings) => ({
    labels: new Map([...settings.labels, ...labels]),
  }));
  return { kind: 'configuration', of: previous.id, configuration };
}
