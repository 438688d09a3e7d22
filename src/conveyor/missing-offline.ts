import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { Platform } from '../oci/platform.ts';
import { toolchainReference } from '../stages/toolchain-image.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import type { PlannedBuild } from './image-plan.ts';
import { imageTitle } from './image-title.ts';
import { type SurveyedImage, survey } from './survey.ts';

/**
 * Finds out what a build without any registry would miss, before anything is built.
 * @param requireBuilt nothing is built: stages that are missing are told, too
 * @throws UserError OFFLINE with everything that is missing
 */
export async function refuseMissing(
  parts: ConveyorParts,
  sets: readonly (readonly PlannedBuild[])[],
  {
    env,
    requireBuilt,
    signal,
  }: {
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly requireBuilt: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const missing = new Map<string, { readonly hint: string; readonly images: Set<string> }>();
  const add = (what: string, hint: string, { build }: Pick<SurveyedImage, 'build'>) => {
    const known = missing.get(what) ?? { hint, images: new Set<string>() };
    known.images.add(imageTitle(build.name));
    missing.set(what, known);
  };
  const isHere = async (reference: string, platform: Platform) => {
    const found = await parts.images.inspect(reference, signal);
    return found !== null && sameMachine(found.facts.platform, platform);
  };
  const surveyed = await survey(parts, sets, signal);
  for (const image of surveyed) {
    for (const problem of await missingRepositories(parts, image))
      add(problem.message, problem.hint ?? '', image);
    for (const { reference, platform } of image.unknown)
      add(`the image ${reference} for ${platform}`, PULL, image);
    if (image.result !== null) continue;
    if (requireBuilt) add(`stages of the image ${imageTitle(image.build.name)}`, BUILD, image);
    for (const { reference, platform } of image.outside) {
      if (!(await isHere(reference, platform))) add(`the image ${reference} for ${platform}`, PULL, image);
    }
    const tools = toolchainOf(image, env);
    if (tools && !(await isHere(tools, image.platform))) add(`the toolchain image ${tools}`, TOOLS, image);
  }
  if (missing.size === 0) return;
  const problems = [...missing].map(
    ([what, { hint, images }]): Problem => ({
      code: 'OFFLINE',
      message: `${what} is missing, needed by ${[...images].join(', ')}`,
      ...(hint === '' ? {} : { hint }),
    }),
  );
  throw new UserError(
    'OFFLINE',
    'what this build needs is not all on this machine, and --offline forbids to get it',
    {
      problems,
    },
  );
}

const PULL = 'build once without --offline, or pull it into the storage of slipway';
const BUILD = 'build them first';
const TOOLS =
  'build once without --offline, or set WERF_STAPEL_IMAGE_NAME=none to use the shells of the base images';

function toolchainOf(
  { build: { config }, platform }: SurveyedImage,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (config.kind !== 'stapel' || config.instructions === null) return null;
  return toolchainReference(env, config.instructions.kind === 'ansible' ? 'ansible' : 'base', platform);
}

/** Each one by itself, as the first would hide the others. */
async function missingRepositories(
  parts: ConveyorParts,
  { build: { name, config } }: SurveyedImage,
): Promise<readonly UserError[]> {
  if (config.kind !== 'stapel') return [];
  const remote = config.git.filter(({ repository }) => repository.kind === 'remote');
  const tried = await Promise.allSettled(
    remote.map((mapping) => parts.mappingsOf({ ...config, git: [mapping] }, imageTitle(name))),
  );
  return tried.flatMap((one) =>
    one.status === 'rejected' && one.reason instanceof UserError && one.reason.code === 'OFFLINE'
      ? [one.reason]
      : [],
  );
}

function sameMachine(a: string, b: string): boolean {
  return a.split('/').slice(0, 2).join('/') === b.split('/').slice(0, 2).join('/');
}
