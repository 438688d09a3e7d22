import type { StageSummary } from '../progress/events.ts';
import { LABEL } from '../stages/stage-labels.ts';
import type { StoredStage } from '../storage/stage-storage.ts';

/** What people read about a stage. @param platform given when the run builds several */
export function stageSummary(
  { name, facts }: StoredStage,
  { network, platform }: { readonly network: string; readonly platform: string | null },
): StageSummary {
  return {
    name,
    id: facts.id,
    created: facts.created,
    size: facts.size,
    commit: commitOf(facts.labels),
    network,
    ...(platform === null ? {} : { platform }),
  };
}

/** The commit at which a stage was built; '' when it carries no record of it. */
export function commitOf(labels: ReadonlyMap<string, string>): string {
  return labels.get(LABEL.commit) ?? '';
}
