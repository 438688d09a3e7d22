import { runTaskGroup } from '../concurrency/task-group.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { PlannedImage } from '../progress/events.ts';
import { runTask } from '../progress/task.ts';
import { withoutBroken } from './broken-stage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { processDockerfileImage } from './dockerfile-image.ts';
import type { PlannedBuild } from './image-plan.ts';
import type { ImageResult } from './image-result.ts';
import { imageTitle } from './image-title.ts';
import { longestFirst } from './longest-first.ts';
import { processStapelImage } from './stapel/stapel-image.ts';

export interface ProcessOptions {
  /** At most so many images at once; null: no limit. */
  readonly limit: number | null;
  /** Nothing is built: missing stages are an error. */
  readonly requireBuilt: boolean;
  readonly signal: AbortSignal;
}

/**
 * Takes every image through its stages, as soon as what it needs is done.
 * @returns results in the order of the plan
 * @throws the first failure, naming its image, after all others have stopped
 */
export async function processImages(
  parts: ConveyorParts,
  sets: readonly (readonly PlannedBuild[])[],
  options: ProcessOptions,
): Promise<readonly ImageResult[]> {
  const planned = sets.flat();
  const several = planned.length > 1 && options.limit !== 1;
  if (several) parts.progress.emit({ kind: 'plan', limit: options.limit, sets: sets.map(listed) });
  const place = new Map(planned.map(({ name }, index) => [name, index] as const));
  const tasks = longestFirst(planned, await parts.times.read()).map((build) => ({
    name: build.name,
    needs: build.needs,
    run: (signal: AbortSignal, needed: ReadonlyMap<string, ImageResult>) =>
      processImage(
        parts,
        { build, needed, index: place.get(build.name) ?? 0, count: planned.length },
        { ...options, signal },
      ),
  }));
  const results = await runTaskGroup(tasks, options);
  await parts.times.note(builtIn(results));
  const ordered = planned.map(({ name }) => results.get(name)).filter((result) => result !== undefined);
  if (several) parts.progress.emit({ kind: 'summary', sets: sets.map((set) => timed(set, results)) });
  return ordered;
}

/** Times of images of which something was built: finding takes none. */
function builtIn(results: ReadonlyMap<string, ImageResult>): ReadonlyMap<string, number> {
  const built = [...results].filter(([, { stages }]) => stages.some(({ source }) => source === null));
  return new Map(built.map(([name, { duration }]) => [name, duration]));
}

interface ImageInPlan {
  readonly build: PlannedBuild;
  readonly needed: ReadonlyMap<string, ImageResult>;
  readonly index: number;
  readonly count: number;
}

async function processImage(
  parts: ConveyorParts,
  { build: { name, config }, needed, index, count }: ImageInPlan,
  { requireBuilt, signal }: ProcessOptions,
): Promise<ImageResult> {
  const started = parts.now();
  const title = imageTitle(name);
  const counter = count > 1 ? `(${index + 1}/${count}) ` : '';
  const sign = config.final ? '⛵' : '🛸';
  const platform = parts.platforms[0] ?? config.platforms[0] ?? parts.hostPlatform;
  try {
    const process = { progress: parts.progress, now: parts.now, image: title };
    const stages = await runTask({ ...process, title: `${sign} ${counter}image ${title}` }, async (task) => {
      const run = { title, name, platform, task, requireBuilt, signal };
      return await withoutBroken(parts, title, signal, async () => {
        if (config.kind === 'dockerfile')
          return await processDockerfileImage(parts, { ...run, image: config }, needed);
        const mappings = await parts.mappingsOf(config, title);
        return await processStapelImage(parts, { ...run, image: config, mappings, needed });
      });
    });
    return { name, config, stages, duration: parts.now() - started };
  } catch (error) {
    throw naming(title, error);
  }
}

/** The image's name in front of what went wrong with it. */
function naming(title: string, error: unknown): unknown {
  if (!(error instanceof UserError)) return error;
  const { code, hint, problems, tail, exitCode } = error;
  return new UserError(code, `image ${title}: ${error.message}`, {
    problems,
    tail,
    exitCode,
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

function plannedImage({ name, config }: PlannedBuild): PlannedImage {
  return { name: imageTitle(name), kind: config.final ? 'final' : 'intermediate' };
}

function listed(set: readonly PlannedBuild[]): readonly PlannedImage[] {
  return set.map(plannedImage);
}

function timed(set: readonly PlannedBuild[], results: ReadonlyMap<string, ImageResult>) {
  return set.map((build) => ({
    image: plannedImage(build),
    duration: results.get(build.name)?.duration ?? 0,
  }));
}
