import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';
import type { StageDigest } from '../stages/stage-digest.ts';
import { LABEL } from '../stages/stage-labels.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { buildKey, type PlannedBuild } from './image-plan.ts';
import type { ImageResult } from './image-result.ts';
import { processImage } from './process-images.ts';

/** An image that is not the project's. */
export interface OutsideImage {
  readonly reference: string;
  readonly platform: Platform;
}

/** What was found of an image without building, fetching or writing anything. */
export interface SurveyedImage {
  readonly build: PlannedBuild;
  readonly platform: Platform;
  /** null: some of its stages are not there, or it cannot be told. */
  readonly result: ImageResult | null;
  /** Bases and sources of imports that its configuration names. */
  readonly outside: readonly OutsideImage[];
  /** Those of them of which nothing is known here. */
  readonly unknown: readonly OutsideImage[];
  /** Why it cannot be told. */
  readonly error: UserError | null;
}

/** Looks at images in the order of the plan. */
export async function survey(
  parts: ConveyorParts,
  sets: readonly (readonly PlannedBuild[])[],
  signal: AbortSignal,
): Promise<readonly SurveyedImage[]> {
  const needed = new Map<string, ImageResult>();
  const surveyed: SurveyedImage[] = [];
  for (const set of sets) {
    const looked = await Promise.all(set.map((build) => look(parts, build, { needed, signal })));
    surveyed.push(...looked);
    for (const { build, result } of looked) needed.set(buildKey(build), result ?? imagined(parts, build));
  }
  return surveyed;
}

interface Looking {
  readonly needed: ReadonlyMap<string, ImageResult>;
  readonly signal: AbortSignal;
}

async function look(
  parts: ConveyorParts,
  build: PlannedBuild,
  { needed, signal }: Looking,
): Promise<SurveyedImage> {
  const { platform } = build;
  const outside = new Map<string, OutsideImage>();
  const unknown = new Map<string, OutsideImage>();
  const note = (into: Map<string, OutsideImage>, one: OutsideImage) =>
    into.set(`${one.platform} ${one.reference}`, one);
  for (const reference of namedBy(build)) note(outside, { reference, platform });
  const looking: ConveyorParts = {
    ...withoutEffects(parts),
    bases: {
      async get(reference, of, stop) {
        note(outside, { reference, platform: of });
        try {
          return await parts.bases.get(reference, of, stop);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          note(unknown, { reference, platform: of });
          return { reference, env: [], onBuild: [] };
        }
      },
      pulled: async () => false,
    },
  };
  const found = (result: ImageResult | null, error: UserError | null): SurveyedImage => ({
    build,
    platform,
    result,
    outside: [...outside.values()],
    unknown: [...unknown.values()],
    error,
  });
  try {
    const place = { build, needed, index: 0, count: 1, shown: null };
    return found(await processImage(looking, place, { limit: null, requireBuilt: true, signal }), null);
  } catch (error) {
    signal.throwIfAborted();
    return found(null, error instanceof UserError && !isMissing(error) ? error : null);
  }
}

/** Stages that are not there are what is looked for; contents are not looked at. */
function isMissing({ code }: UserError): boolean {
  return code === 'STAGES_REQUIRED' || code === NOT_FETCHED;
}

/** What the configuration itself says; Dockerfiles are read for theirs. */
function namedBy({ config }: PlannedBuild): readonly string[] {
  if (config.kind !== 'stapel') return [];
  const base = config.base.kind === 'reference' ? [config.base.reference] : [];
  const sources = config.imports.flatMap(({ source }) =>
    source.kind === 'reference' ? [source.reference] : [],
  );
  return [...base, ...sources];
}

const NOT_FETCHED = 'SURVEY_NOT_FETCHED';

function withoutEffects(parts: ConveyorParts): ConveyorParts {
  return {
    ...parts,
    progress: { emit: () => undefined },
    builder: {
      ...parts.builder,
      pull(reference) {
        return Promise.reject(new UserError(NOT_FETCHED, `${reference} is not fetched to look at it`));
      },
    },
    importRecords: { ...parts.importRecords, save: async () => undefined },
  };
}

/** Stands for an image that is not there, so that those which need it can be looked at. They are not found, either. */
function imagined({ primary }: ConveyorParts, { name, config, platform }: PlannedBuild): ImageResult {
  const digest = '0'.repeat(56) as StageDigest;
  const id = { digest, timestamp: 0 };
  const none = `sha256:${'0'.repeat(64)}`;
  const facts = {
    id: none,
    digest: none,
    mediaType: '',
    created: new Date(0),
    size: 0,
    platform,
    labels: new Map([[LABEL.contentDigest, digest]]),
    env: [],
    onBuild: [],
    user: '',
    workingDir: '',
    cmd: [],
    entrypoint: [],
    diffIds: [],
  };
  const stage = { id, name: primary.reference(id), facts };
  const result = {
    name: 'dockerfile' as const,
    stage,
    source: null,
    baseImagePulled: false,
    commit: '',
    duration: 0,
  };
  return { name, config, platform, stages: [result], duration: 0 };
}
