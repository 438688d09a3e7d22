import type { ContentDigest } from './stage-digest.ts';
import { formatStageId, type StageId } from './stage-id.ts';

/** Names of the labels that a stage image carries. @see docs/reference/labels.md */
export const LABEL = {
  project: 'werf',
  version: 'werf-version',
  contentDigest: 'werf-stage-content-digest',
  parentStageId: 'werf.io/parent-stage-id',
  baseImageId: 'werf.io/base-image-id',
  commit: 'werf-project-repo-commit',
} as const;

export interface StageFacts {
  readonly project: string;
  readonly version: string;
  readonly contentDigest: ContentDigest;
  readonly commit: string;
  /** The previous stage of the image, if there is one. */
  readonly parent: StageId | null;
  /** Id of the base image's configuration; null when the image starts from nothing or has several bases. */
  readonly baseImageId: string | null;
}

export function stageLabels(facts: StageFacts): ReadonlyMap<string, string> {
  const labels = new Map<string, string>([
    [LABEL.project, facts.project],
    [LABEL.version, facts.version],
    [LABEL.contentDigest, facts.contentDigest],
    [LABEL.commit, facts.commit],
  ]);
  if (facts.parent) labels.set(LABEL.parentStageId, formatStageId(facts.parent));
  if (facts.baseImageId) labels.set(LABEL.baseImageId, facts.baseImageId);
  return labels;
}
