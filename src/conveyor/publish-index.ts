import { runTask } from '../progress/task.ts';
import { type ImageTarget, indexTagOf, platformsOf, stageTarget } from './built-image.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageResult, lastOf } from './image-result.ts';
import { imageTitle } from './image-title.ts';

/** The index of an image that is there already. @returns null when it is not */
export async function findTarget(
  { primary, registry }: Pick<ConveyorParts, 'primary' | 'registry'>,
  parts: readonly ImageResult[],
  signal: AbortSignal,
): Promise<ImageTarget | null> {
  const only = stageTarget(parts);
  if (only) return only;
  const tag = indexTagOf(parts);
  const name = `${primary.address}:${tag}`;
  const digest = await registry.head(name, signal);
  return digest === null ? null : { kind: 'index', tag, name, digest };
}

/** By what an image is pulled; its index is published where several platforms were built and it is not there. */
export async function publishTarget(
  conveyor: Pick<ConveyorParts, 'primary' | 'registry' | 'progress' | 'now'>,
  parts: readonly ImageResult[],
  signal: AbortSignal,
): Promise<ImageTarget> {
  const { primary, registry, progress, now } = conveyor;
  const image = imageTitle(parts[0]?.name ?? '');
  const found = await findTarget(conveyor, parts, signal);
  if (found?.kind === 'index') {
    progress.emit({ kind: 'line', image, line: `Use previously published index for ${image}` });
    progress.emit({ kind: 'line', image, line: `  name: ${found.name}` });
  }
  if (found) return found;
  const tag = indexTagOf(parts);
  const name = `${primary.address}:${tag}`;
  const title = `Publishing index of ${image} for ${platformsOf(parts).join(', ')}`;
  return await runTask({ progress, now, image, title }, async (task) => {
    const images = parts.map((part) => {
      const { id, facts } = lastOf(part).stage;
      // By digest, where that is known: the tag is another request's word.
      const reference = facts.digest === '' ? primary.reference(id) : `${primary.address}@${facts.digest}`;
      return { reference, platform: part.platform };
    });
    const digest = await registry.index(primary.address, tag, images, signal);
    task.line(`name: ${name}`);
    return { kind: 'index', tag, name, digest };
  });
}
