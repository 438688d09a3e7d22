import type { DockerfileImage } from '../config/project.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type {
  BaseConfiguration,
  DockerfileReader,
  ParsedDockerfile,
  ParseRequest,
} from '../dockerfile/dockerfile.ts';
import type { Platform } from '../oci/platform.ts';
import type { BuildContext } from './build-context.ts';
import { type NeededFiles, NO_CONTEXT, selectContext } from './context-selection.ts';
import { type DockerfileDependency, dependencyNamed } from './dockerfile-dependency.ts';
import { dockerfileDependencies } from './dockerfile-inputs.ts';
import { neutralReading } from './neutral-reading.ts';
import { type ReadDockerfile, readDockerfile } from './read-dockerfile.ts';
import { type ContentDigest, contentDigest, type StageDigest, stageDigest } from './stage-digest.ts';

export const DOCKERFILE_STAGE = 'dockerfile';

/** The stage `dockerfile` of one image and platform, ready to be looked up or built. */
export interface DockerfileStage {
  readonly digest: StageDigest;
  readonly contentDigest: ContentDigest;
  /** The Dockerfile's text. */
  readonly text: string;
  readonly parsed: ParsedDockerfile;
  /** Those of the image, and what it is told of other images. */
  readonly buildArgs: ReadonlyMap<string, string>;
  /** Images of the file that it is told of. @see dependencyNamed */
  readonly dependencies: readonly DockerfileDependency[];
  /** What the digest was computed with. */
  readonly bases: readonly BaseConfiguration[];
  readonly context: BuildContext;
  /** What the build may get of the context, in the order of `contextNeeds`. */
  readonly needs: readonly NeededFiles[];
}

export interface DockerfileStageParts {
  readonly image: DockerfileImage;
  readonly platform: Platform;
  readonly context: BuildContext;
  readonly reader: DockerfileReader;
  /** Those of the image, in the order of its configuration. */
  readonly dependencies: readonly DockerfileDependency[];
  /** Configuration of an external base image. */
  readonly base: (reference: string, platform: Platform) => Promise<BaseConfiguration>;
  readonly signal: AbortSignal;
}

/** @throws UserError with every problem of the Dockerfile and of what it copies */
export async function dockerfileStage(parts: DockerfileStageParts): Promise<DockerfileStage> {
  const { image, platform, context, reader, dependencies, signal } = parts;
  const file = dockerfilePath(image);
  const text = await context.dockerfile();
  const buildArgs = new Map([...image.args, ...dependencies.flatMap(({ values }) => [...values])]);
  const request = { text, target: image.target, buildArgs: pairs(buildArgs), platform };
  const built = await read(parts, request);
  const { parsed, bases } = built;
  const selection = parsed.usesContext
    ? await selectContext(parsed.stages, context, reader, file, signal)
    : NO_CONTEXT;
  if (selection.problems.length > 0) throw dockerfileError(file, selection.problems);
  const { checksums, needs } = selection;
  const digested = await neutralReading({ reader, request, dependencies, built, checksums, signal });
  const digest = stageDigest({
    platform,
    name: DOCKERFILE_STAGE,
    previous: null,
    dependencies: dockerfileDependencies({
      cacheVersion: image.cacheVersion,
      addHosts: image.addHosts,
      ...digested,
    }),
  });
  const content = contentDigest({ platform, name: DOCKERFILE_STAGE, digest, gitState: '' });
  return {
    digest,
    contentDigest: content,
    text,
    parsed,
    buildArgs,
    dependencies,
    bases,
    context,
    needs,
  };
}

/** Path of the Dockerfile relative to the project. */
export function dockerfilePath({ context, dockerfile }: DockerfileImage): string {
  return context === '' ? dockerfile : `${context}/${dockerfile}`;
}

async function read(
  { image, reader, dependencies, base, signal }: DockerfileStageParts,
  request: Omit<ParseRequest, 'bases'>,
): Promise<ReadDockerfile> {
  const configuration = async (reference: string, platform: Platform): Promise<BaseConfiguration> => {
    const facts = dependencyNamed(reference, dependencies)?.image.facts;
    if (!facts) return await base(reference, platform);
    return { reference, env: [...facts.env], onBuild: [...facts.onBuild] };
  };
  const found = await readDockerfile(reader, request, configuration, signal);
  if (found.parsed.problems.length === 0) return found;
  throw dockerfileError(dockerfilePath(image), problemsOf(image, found.parsed));
}

function pairs(map: ReadonlyMap<string, string>): { name: string; value: string }[] {
  return [...map].map(([name, value]) => ({ name, value }));
}

function problemsOf(image: DockerfileImage, { problems }: ParsedDockerfile): readonly Problem[] {
  return problems.map(({ code, message, line, hint }) => ({
    code,
    message,
    position: line > 0 ? { file: dockerfilePath(image), line, column: 1 } : image.targetPosition,
    ...(hint === '' ? {} : { hint }),
  }));
}

function dockerfileError(file: string, problems: readonly Problem[]): UserError {
  return new UserError('DOCKERFILE_INVALID', `${file} cannot be built`, { problems });
}
