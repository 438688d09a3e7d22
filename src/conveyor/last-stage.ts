import type { DependedImage } from '../stages/dockerfile-dependency.ts';
import { formatStageId } from '../stages/stage-id.ts';
import type { StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { contentDigestOf } from './stage-summary.ts';

/** A stage as other images are told of it: always by the address of the primary repository. */
export function lastStageOf(
  { primary, project }: Pick<ConveyorParts, 'primary' | 'project'>,
  stage: StoredStage,
): DependedImage {
  const { id, name, facts } = stage;
  return {
    stageId: id,
    repo: primary.kind === 'local' ? project : primary.address,
    tag: formatStageId(id),
    name,
    digest: facts.digest,
    id: facts.id,
    contentDigest: contentDigestOf(stage),
    facts,
  };
}
