import { runTaskOnceBusy } from '../progress/task.ts';
import type { StoredStage } from '../storage/stage-storage.ts';
import { BrokenStage, isLost } from './broken-stage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageRun, taskOf } from './image-run.ts';
import { waitingFor } from './waiting.ts';

/** Brings a stage into the store of this machine where it is not there. @returns id of the local image */
export async function localImageOf(
  parts: ConveyorParts,
  run: Pick<ImageRun, 'title' | 'task' | 'platform' | 'signal'>,
  stage: Pick<StoredStage, 'id' | 'name'> & { readonly facts: { readonly digest: string } },
): Promise<string> {
  const reference = parts.primary.reference(stage.id);
  const found = await parts.images.inspect(reference, run.signal);
  if (found) return found.facts.id;
  const title = `Fetching stage ${stage.name}`;
  const { image } = await runTaskOnceBusy({ ...taskOf(parts, run), title }, async (task) => {
    const pull = (from: string) =>
      parts.builder.pull(from, { policy: 'missing', platform: run.platform }, waitingFor(task, run.signal));
    const near = await parts.caches.fetch({ id: stage.id, digest: stage.facts.digest }, pull, run.signal);
    if (near) {
      await parts.images.tag(near.image.facts.id, reference, run.signal);
      return near;
    }
    const got = await pull(reference).catch((error: unknown) => {
      throw isLost(error) ? new BrokenStage(stage.id, stage.name, error) : error;
    });
    await parts.caches.fill(stage, run.signal, (_, work) => work());
    return got;
  });
  return image.facts.id;
}
