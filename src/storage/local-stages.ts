import type { LocalImages } from '../engine/engine.ts';
import type { StageMaker } from '../engine/stage-maker.ts';
import { formatStageId, parseStageId, type StageId } from '../stages/stage-id.ts';
import type { MadeStage, StageStorage } from './stage-storage.ts';

/**
 * Stages kept as images of this machine, for building without a repository.
 * Other tools of the same user see them as `localhost/<project>:<id>`.
 */
export function localStages(
  project: string,
  images: LocalImages,
  maker: Pick<StageMaker, 'configuration' | 'reconfigure'>,
): StageStorage {
  const repository = `localhost/${project}`;
  const reference = (id: StageId) => `${repository}:${formatStageId(id)}`;
  const describe: StageStorage['describe'] = async (id, signal) => {
    const image = await images.inspect(reference(id), signal);
    return image && { id, name: `${project}:${formatStageId(id)}`, facts: image.facts };
  };
  const imageOf = async (made: MadeStage, signal: AbortSignal): Promise<string> => {
    if (made.kind === 'image') return made.image;
    if (made.kind === 'copy') throw new Error('nothing is copied into the local storage');
    return (await maker.reconfigure(reference(made.of), made.configuration, signal)).facts.id;
  };
  return {
    kind: 'local',
    address: ':local',
    reference,
    describe,
    async candidates(digest, _options, signal) {
      const tags = await images.list(repository, digest, signal);
      return tags.map(parseStageId).filter((id) => id !== null);
    },
    confirm: async () => true,
    reject: (id, signal) => images.remove(reference(id), signal),
    configuration: (id, signal) => maker.configuration(reference(id), signal),
    async save(made, id, { signal }) {
      if (await images.inspect(reference(id), signal)) return null;
      const image = await imageOf(made, signal);
      await images.tag(image, reference(id), signal);
      return await describe(id, signal);
    },
  };
}
