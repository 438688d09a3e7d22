import { orderCandidates } from '../stages/select-stage.ts';
import type { StageId } from '../stages/stage-id.ts';
import type { StageStorage, StoredStage } from './stage-storage.ts';

/** Which of some stages may be used; in their order. */
export type Suitable = (stages: readonly StoredStage[]) => Promise<readonly StoredStage[]>;

/** Stages whose digest says everything. */
export const anyStage: Suitable = async (stages) => stages;

/** The first is nearly always the one; where it is not, more and more are looked at together. */
const GROUPS = [1, 15, 240];

/** The first suitable candidate in order of saving that the storage still can describe. */
export async function firstUsable(
  storage: StageStorage,
  candidates: readonly StageId[],
  { notBefore, suitable }: { readonly notBefore: number; readonly suitable: Suitable },
  signal: AbortSignal,
): Promise<StoredStage | null> {
  const ordered = orderCandidates(candidates, notBefore);
  for (let at = 0, round = 0; at < ordered.length; round++) {
    const size = GROUPS[round] ?? ordered.length;
    const group = ordered.slice(at, at + size);
    at += size;
    const described = await Promise.all(group.map((id) => storage.describe(id, signal)));
    const [first] = await suitable(described.filter((stage) => stage !== null));
    if (first) return first;
  }
  return null;
}
