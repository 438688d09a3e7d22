import { runTaskGroup } from '../concurrency/task-group.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { PlannedImage } from '../progress/events.ts';
import { runTask } from '../progress/task.ts';
import { withoutBroken } from './broken-stage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { processDockerfileImage } from './dockerfile-image.ts';
import { buildKey, type PlannedBuild } from './image-plan.ts';
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
  const shown = shownBy(planned);
  if (several)
    parts.progress.emit({ kind: 'plan', limit: options.limit, sets: sets.map((set) => set.map(shown)) });
  const mappings = mappingsOnce(parts);
  const tasks = planned.map((build, index) => ({
    name: buildKey(build),
    needs: build.needs.map((name) => buildKey({ name, platform: build.platform })),
    run: (signal: AbortSignal, needed: ReadonlyMap<string, ImageResult>) =>
      processImage(
        { ...parts, mappingsOf: mappings },
        { build, needed, index, count: planned.length, shown: shown(build).platform ?? null },
        { ...options, signal },
      ),
  }));
  const results = await runTaskGroup(longestFirst(tasks, await parts.times.read()), options);
  await parts.times.note(builtIn(results));
  if (several) parts.progress.emit({ kind: 'summary', sets: sets.map((set) => timed(set, results, shown)) });
  return planned.map((build) => results.get(buildKey(build))).filter((result) => result !== undefined);
}

/** Times of images of which something was built: finding takes none. */
function builtIn(results: ReadonlyMap<string, ImageResult>): ReadonlyMap<string, number> {
  const built = [...results].filter(([, { stages }]) => stages.some(({ source }) => source === null));
  return new Map(built.map(([name, { duration }]) => [name, duration]));
}

/** The mappings of an image are the same for all its platforms. */
function mappingsOnce({ mappingsOf }: ConveyorParts): ConveyorParts['mappingsOf'] {
  const opened = new Map<string, ReturnType<ConveyorParts['mappingsOf']>>();
  return (image, title) => {
    const known = opened.get(title) ?? mappingsOf(image, title);
    opened.set(title, known);
    return known;
  };
}

export interface ImageInPlan {
  readonly build: PlannedBuild;
  /** What was processed so far. @see buildKey */
  readonly needed: ReadonlyMap<string, ImageResult>;
  readonly index: number;
  readonly count: number;
  /** The platform, where the run builds several. */
  readonly shown: string | null;
}

/** Takes one image through its stages for its platform. */
export async function processImage(
  parts: ConveyorParts,
  { build, needed, index, count, shown }: ImageInPlan,
  { requireBuilt, signal }: ProcessOptions,
): Promise<ImageResult> {
  const { name, config, platform } = build;
  const started = parts.now();
  const title = shown === null ? imageTitle(name) : `${imageTitle(name)} [${shown}]`;
  const counter = count > 1 ? `(${index + 1}/${count}) ` : '';
  const sign = config.final ? '⛵' : '🛸';
  try {
    const process = { progress: parts.progress, now: parts.now, image: title };
    const stages = await runTask({ ...process, title: `${sign} ${counter}image ${title}` }, async (task) => {
      const run = { title, name, platform, shownPlatform: shown, task, requireBuilt, signal };
      const forIt = neededBy(build, needed);
      return await withoutBroken(parts, title, signal, async () => {
        if (config.kind === 'dockerfile')
          return await processDockerfileImage(parts, { ...run, image: config }, forIt);
        const mappings = await parts.mappingsOf(config, imageTitle(name));
        return await processStapelImage(parts, { ...run, image: config, mappings, needed: forIt });
      });
    });
    return { name, config, platform, stages, duration: parts.now() - started };
  } catch (error) {
    throw naming(title, error);
  }
}

/** By name: what an image needs is for its own platform. */
function neededBy(
  { needs, platform }: PlannedBuild,
  results: ReadonlyMap<string, ImageResult>,
): ReadonlyMap<string, ImageResult> {
  return new Map(
    needs.flatMap((name): [string, ImageResult][] => {
      const result = results.get(buildKey({ name, platform }));
      return result ? [[name, result]] : [];
    }),
  );
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

type Shown = (build: PlannedBuild) => PlannedImage;

/** Images as they are listed: with their platforms, where the run builds several. */
function shownBy(planned: readonly PlannedBuild[]): Shown {
  const isOne = new Set(planned.map(({ platform }) => platform)).size <= 1;
  return ({ name, config, platform }) => ({
    name: imageTitle(name),
    kind: config.final ? 'final' : 'intermediate',
    ...(isOne ? {} : { platform }),
  });
}

function timed(set: readonly PlannedBuild[], results: ReadonlyMap<string, ImageResult>, shown: Shown) {
  return set.map((build) => ({
    image: shown(build),
    duration: results.get(buildKey(build))?.duration ?? 0,
  }));
}
