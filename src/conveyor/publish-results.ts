import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { runTask } from '../progress/task.ts';
import { formatStageId } from '../stages/stage-id.ts';
import type { ProjectRecords } from '../storage/project-records.ts';
import type { StageStorage, StoredStage } from '../storage/stage-storage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { ImageResult } from './image-result.ts';
import { imageTitle } from './image-title.ts';

/** What is published of finished images beside their stages. */
export interface Publishing {
  /** null: without a repository nothing is recorded. */
  readonly records: ProjectRecords | null;
  /** Names of images are recorded. */
  readonly managedImages: boolean;
  /** It is recorded which stage each image is at the commit. */
  readonly commits: boolean;
  /** Gets the last stage of final images; null: nobody does. */
  readonly final: StageStorage | null;
  /** Further tags of an image, by its name. */
  readonly customTags: (results: readonly ImageResult[]) => ReadonlyMap<string, readonly string[]>;
}

/**
 * Copies final images to the final repository, and writes the records of all images that were processed, also where
 * everything was found built: cleanup depends on them.
 * @returns the results, final images with the stage that was copied
 */
export async function publishResults(
  parts: ConveyorParts,
  publishing: Publishing,
  results: readonly ImageResult[],
  signal: AbortSignal,
): Promise<readonly ImageResult[]> {
  const published: ImageResult[] = [];
  for (const result of results) published.push(await copyToFinal(parts, publishing.final, result, signal));
  await addCustomTags(parts, publishing, published, signal);
  if (publishing.records) await writeRecords(parts, publishing, publishing.records, results, signal);
  return published;
}

async function copyToFinal(
  parts: ConveyorParts,
  final: StageStorage | null,
  result: ImageResult,
  signal: AbortSignal,
): Promise<ImageResult> {
  const last = result.stages.at(-1)?.stage;
  if (!final || !last || !result.config.final) return result;
  const image = imageTitle(result.name);
  const { progress, now } = parts;
  const tag = formatStageId(last.id);
  const there = (await final.candidates(last.id.digest, { fresh: false }, signal)).some(
    (id) => formatStageId(id) === tag,
  );
  if (there) progress.emit({ kind: 'line', image, line: `Use previously built final image for ${image}` });
  else {
    await runTask({ progress, now, image, title: `Copy stage ${tag} into the final repo` }, (task) =>
      final.save({ kind: 'copy', reference: parts.primary.reference(last.id) }, last.id, {
        signal,
        onLine: task.line,
        onBytes: task.bytes,
      }),
    );
  }
  return { ...result, final: { ...last, name: final.reference(last.id) } };
}

async function addCustomTags(
  parts: ConveyorParts,
  { records, final, customTags }: Publishing,
  results: readonly ImageResult[],
  signal: AbortSignal,
): Promise<void> {
  const tags = customTags(results);
  if (!records || tags.size === 0) return;
  const { progress, now, primary, registry } = parts;
  for (const { name, stages } of results) {
    const last = stages.at(-1)?.stage;
    const own = tags.get(name) ?? [];
    if (!last || own.length === 0) continue;
    const image = imageTitle(name);
    const target = final ?? primary;
    await runTask({ progress, now, image, title: 'Adding custom tags' }, async (task) => {
      for (const tag of own) {
        const to = `${target.address}:${tag}`;
        task.line(`tag ${tag}`);
        task.line(`  name: ${to}`);
        if ((await registry.head(to, signal)) !== last.facts.digest) {
          await registry.copy(target.reference(last.id), to, signal);
        }
        await records.addCustomTag(tag, last.id, signal);
      }
    });
  }
}

async function writeRecords(
  parts: ConveyorParts,
  { managedImages, commits }: Publishing,
  records: ProjectRecords,
  results: readonly ImageResult[],
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
    results.map(async ({ name, stages }) => {
      const last: StoredStage | undefined = stages.at(-1)?.stage;
      if (!last) return;
      if (managedImages) await write(() => records.addManagedImage(name, signal));
      const record = { image: name, commit: parts.commit.id, stage: last.id };
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
