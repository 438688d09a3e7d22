import type { LocalImage } from '../engine/engine.ts';
import type { Platform } from '../oci/platform.ts';
import { runTaskOnceBusy } from '../progress/task.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageRun, taskOf } from './image-run.ts';
import { waitingFor } from './waiting.ts';

/** Brings an external image into the store, the registry's newest where that can be asked. */
export async function pullBase(
  parts: ConveyorParts,
  run: ImageRun,
  reference: string,
  platform: Platform,
): Promise<{ readonly image: LocalImage; readonly pulled: boolean }> {
  const title = `Pulling base image ${reference}`;
  const got = await runTaskOnceBusy({ ...taskOf(parts, run), title }, (task) =>
    parts.builder.pull(reference, { policy: 'newer', platform }, waitingFor(task, run.signal)),
  );
  for (const message of got.warnings) {
    parts.progress.emit({
      kind: 'warning',
      problem: { code: 'BASE_IMAGE_STALE', message },
      image: run.title,
    });
  }
  return got;
}
