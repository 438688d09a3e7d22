import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { runTask } from '../progress/task.ts';
import { formatStageId } from '../stages/stage-id.ts';
import type { ProjectRecords } from '../storage/project-records.ts';
import type { StageStorage } from '../storage/stage-storage.ts';
import { type BuiltImage, partsByImage } from './built-image.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { type ImageResult, lastOf } from './image-result.ts';
import { imageTitle } from './image-title.ts';
import { publishTarget } from './publish-index.ts';

/** What is published of finished images beside their stages. */
export interface Publishing {
  /** null: without a repository nothing is recorded. */
  readonly records: ProjectRecords | null;
  /** Names of images are recorded. */
  readonly managedImages: boolean;
  /** It is recorded which stage each image is at the commit. */
  readonly commits: boolean;
  /** Gets the last stages of final images, and their indexes; null: nobody does. */
  readonly final: StageStorage | null;
  /** Further tags of an image, by its name. */
  readonly customTags: (images: readonly BuiltImage[]) => ReadonlyMap<string, readonly string[]>;
}

/**
 * Publishes the indexes of images of several platforms, copies final images to the final repository, and writes the records
 * of all images that were processed, also where everything was found built: cleanup depends on them.
 */
export async function publishResults(
  parts: ConveyorParts,
  publishing: Publishing,
  results: readonly ImageResult[],
  signal: AbortSignal,
): Promise<readonly BuiltImage[]> {
  const published: BuiltImage[] = [];
  for (const own of partsByImage(results)) {
    const [{ name, config } = { name: '', config: null }] = own;
    if (config === null) continue;
    const target = await publishTarget(parts, own, signal);
    const image = { name, config, parts: own, target, finalName: null };
    published.push(await copyToFinal(parts, publishing.final, image, signal));
  }
  await addCustomTags(parts, publishing, published, signal);
  if (publishing.records) await writeRecords(parts, publishing, publishing.records, published, signal);
  return published;
}

async function copyToFinal(
  conveyor: ConveyorParts,
  final: StageStorage | null,
  image: BuiltImage,
  signal: AbortSignal,
): Promise<BuiltImage> {
  if (!final || !image.config.final) return image;
  const { progress, now, registry } = conveyor;
  const { parts, target } = image;
  const title = imageTitle(image.name);
  const copied = await Promise.all(parts.map((part) => copyStage(conveyor, final, part, signal)));
  const finalName = `${final.address}:${target.tag}`;
  let isThere = !copied.includes(true);
  if (target.kind === 'index' && (await registry.head(finalName, signal)) === null) {
    isThere = false;
    const line = `Copy index ${target.tag} into the final repo`;
    await runTask({ progress, now, image: title, title: line }, () =>
      registry.copy(target.name, finalName, signal),
    );
  }
  if (isThere)
    progress.emit({ kind: 'line', image: title, line: `Use previously built final image for ${title}` });
  return { ...image, finalName };
}

/** @returns whether it was not there yet */
async function copyStage(
  { progress, now, primary }: ConveyorParts,
  final: StageStorage,
  part: ImageResult,
  signal: AbortSignal,
): Promise<boolean> {
  const { id } = lastOf(part).stage;
  const tag = formatStageId(id);
  const there = await final.candidates(id.digest, { fresh: false }, signal);
  if (there.some((known) => formatStageId(known) === tag)) return false;
  const image = imageTitle(part.name);
  await runTask({ progress, now, image, title: `Copy stage ${tag} into the final repo` }, (task) =>
    final.save({ kind: 'copy', reference: primary.reference(id) }, id, {
      signal,
      onLine: task.line,
      onBytes: task.bytes,
    }),
  );
  return true;
}

async function addCustomTags(
  parts: ConveyorParts,
  { records, final, customTags }: Publishing,
  images: readonly BuiltImage[],
  signal: AbortSignal,
): Promise<void> {
  const tags = customTags(images);
  if (!records || tags.size === 0) return;
  const { progress, now, primary, registry } = parts;
  for (const { name, target } of images) {
    const own = tags.get(name) ?? [];
    if (own.length === 0) continue;
    const image = imageTitle(name);
    const { address } = final ?? primary;
    await runTask({ progress, now, image, title: 'Adding custom tags' }, async (task) => {
      for (const tag of own) {
        const to = `${address}:${tag}`;
        task.line(`tag ${tag}`);
        task.line(`  name: ${to}`);
        if ((await registry.head(to, signal)) !== target.digest) {
          await registry.copy(`${address}:${target.tag}`, to, signal);
        }
        await records.addCustomTag(tag, target.tag, signal);
      }
    });
  }
}

async function writeRecords(
  parts: ConveyorParts,
  { managedImages, commits }: Publishing,
  records: ProjectRecords,
  images: readonly BuiltImage[],
  signal: AbortSignal,
): Promise<void> {
  const refused: string[] = [];
  const write = async (work: () => Promise<boolean>) => {
    try {
      await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UserError) || error.code !== 'REGISTRY_DENIED') throw error;
      refused.push(error.message);
    }
  };
  await Promise.all(
    images.map(async ({ name, target }) => {
      if (managedImages) await write(() => records.addManagedImage(name, signal));
      const record = { image: name, commit: parts.commit.id, tag: target.tag };
      if (commits) await write(() => records.addCommit(record, signal));
    }),
  );
  const [first] = refused;
  if (first !== undefined) parts.progress.emit({ kind: 'warning', problem: notRecorded(first) });
}

function notRecorded(message: string): Problem {
  return {
    code: 'RECORDS_DENIED',
    message: `what was built cannot be recorded in the repository: ${message}`,
    hint: 'cleanup knows by these records what is still needed: permit pushes of all tags, or set `cleanup.disable: true` in werf.yaml',
  };
}
