import type { DependedImage } from '../stages/dockerfile-dependency.ts';
import type { ContentDigest } from '../stages/stage-digest.ts';
import { formatStageId } from '../stages/stage-id.ts';
import { LABEL } from '../stages/stage-labels.ts';
import type { StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';

/** A stage as other images are told of it: always by the address of the primary repository. */
export function lastStageOf(
  { primary, project }: Pick<ConveyorParts, 'primary' | 'project'>,
  { id, name, facts }: StoredStage,
): DependedImage {
  return {
    stageId: id,
    repo: primary.kind === 'local' ? project : primary.address,
    tag: formatStageId(id),
    name,
    digest: facts.digest,
    id: facts.id,
    contentDigest: (facts.labels.get(LABEL.contentDigest) ?? '') as ContentDigest,
    facts,
  };
}
