import type { DockerfileImage } from '../config/project.ts';
import { UserError } from '../diagnostics/user-error.ts';
import { dockerfileDependency } from '../stages/dockerfile-dependency.ts';
import { DOCKERFILE_STAGE, type DockerfileStage, dockerfileStage } from '../stages/dockerfile-stage.ts';
import { anyStage } from '../storage/first-usable.ts';
import { buildDockerfileStage } from './build-dockerfile-stage.ts';
import type { ConveyorParts } from './conveyor-parts.ts';
import { findOrBuild } from './find-or-build.ts';
import { type ImageResult, lastStage, type StageResult } from './image-result.ts';
import type { ImageRun } from './image-run.ts';
import { processImageSpec } from './image-spec.ts';
import { lastStageOf } from './last-stage.ts';

/** A base may turn out, when it is pulled, to mean something else than was known; once more is then enough. */
const ATTEMPTS = 3;

/** Looks the stage up, builds and saves it where it is missing. */
export async function processDockerfileImage(
  parts: ConveyorParts,
  run: ImageRun<DockerfileImage>,
  needed: ReadonlyMap<string, ImageResult>,
): Promise<readonly StageResult[]> {
  const stage = await dockerfile(parts, run, needed);
  const last = await processImageSpec(parts, run, stage);
  return last === null ? [stage] : [stage, last];
}

async function dockerfile(
  parts: ConveyorParts,
  run: ImageRun<DockerfileImage>,
  needed: ReadonlyMap<string, ImageResult>,
): Promise<StageResult> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const stage = await resolve(parts, run, needed);
    const result = await findOrBuild(parts, run, {
      name: DOCKERFILE_STAGE,
      digest: stage.digest,
      previous: null,
      suitable: anyStage,
      network: parts.network ?? run.image.network,
      build: ({ task }) => buildDockerfileStage(parts, { ...run, task }, stage),
    });
    if (result) return result;
  }
  throw new UserError(
    'BASE_IMAGE_UNSTABLE',
    `${run.title}: the base images change faster than they can be built upon`,
    {
      hint: 'name them by digest in FROM',
    },
  );
}

function resolve(
  parts: ConveyorParts,
  { image, platform, signal }: ImageRun<DockerfileImage>,
  needed: ReadonlyMap<string, ImageResult>,
): Promise<DockerfileStage> {
  return dockerfileStage({
    image,
    platform,
    context: parts.contextOf(image),
    reader: parts.reader,
    dependencies: image.dependencies.map((dependency) =>
      dockerfileDependency(dependency, lastStageOf(parts, lastStage(needed, dependency.image))),
    ),
    base: (reference, of) => parts.bases.get(reference, of, signal),
    signal,
  });
}
