import type { StageSummary } from '../progress/events.ts';
import type { ContentDigest } from '../stages/stage-digest.ts';
import { LABEL } from '../stages/stage-labels.ts';
import type { StoredStage } from '../storage/stage-storage.ts';

export interface SummaryContext {
  /** null: the stage runs nothing. */
  readonly network: string | null;
  /** Given when the run builds several. */
  readonly platform: string | null;
  readonly previous: StoredStage | null;
}

/** What people read about a stage. */
export function stageSummary(
  { name, facts }: StoredStage,
  { network, platform, previous }: SummaryContext,
): StageSummary {
  return {
    name,
    id: facts.id,
    created: facts.created,
    size: facts.size,
    commit: commitOf(facts.labels),
    ...(previous === null ? {} : { sizeDelta: facts.size - previous.facts.size }),
    ...(network === null ? {} : { network }),
    ...(platform === null ? {} : { platform }),
  };
}

/** The commit at which a stage was built; '' when it carries no record of it. */
export function commitOf(labels: ReadonlyMap<string, string>): string {
  return labels.get(LABEL.commit) ?? '';
}

export function contentDigestOf({ facts }: StoredStage): ContentDigest {
  return (facts.labels.get(LABEL.contentDigest) ?? '') as ContentDigest;
}
