import type { DockerfileImage } from '../config/project.ts';
import type { Problem } from '../diagnostics/problem.ts';
import { UserError } from '../diagnostics/user-error.ts';
import type { BaseConfiguration, DockerfileReader, ParsedDockerfile } from '../dockerfile/dockerfile.ts';
import type { Platform } from '../oci/platform.ts';
import type { BuildContext } from './build-context.ts';
import { type NeededFiles, NO_CONTEXT, selectContext } from './context-selection.ts';
import { dockerfileDependencies } from './dockerfile-inputs.ts';
import { type ContentDigest, contentDigest, type StageDigest, stageDigest } from './stage-digest.ts';

export const DOCKERFILE_STAGE = 'dockerfile';

/** The stage `dockerfile` of one image and platform, ready to be looked up or built. */
export interface DockerfileStage {
  readonly digest: StageDigest;
  readonly contentDigest: ContentDigest;
  /** The Dockerfile's text. */
  readonly text: string;
  readonly parsed: ParsedDockerfile;
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
  /** Configuration of an external base image. */
  readonly base: (reference: string, platform: Platform) => Promise<BaseConfiguration>;
  readonly signal: AbortSignal;
}

/** @throws UserError with every problem of the Dockerfile and of what it copies */
export async function dockerfileStage(parts: DockerfileStageParts): Promise<DockerfileStage> {
  const { image, platform, context, reader, signal } = parts;
  const file = dockerfilePath(image);
  const text = await context.dockerfile();
  const { parsed, bases } = await parseWithBases(parts, text);
  const selection = parsed.usesContext
    ? await selectContext(parsed.stages, context, reader, file, signal)
    : NO_CONTEXT;
  if (selection.problems.length > 0) throw dockerfileError(file, selection.problems);
  const digest = stageDigest({
    platform,
    name: DOCKERFILE_STAGE,
    previous: null,
    dependencies: dockerfileDependencies({
      cacheVersion: image.cacheVersion,
      addHosts: image.addHosts,
      parsed,
      checksums: selection.checksums,
    }),
  });
  const content = contentDigest({ platform, name: DOCKERFILE_STAGE, digest, gitState: '' });
  return { digest, contentDigest: content, text, parsed, bases, context, needs: selection.needs };
}

/** Path of the Dockerfile relative to the project. */
export function dockerfilePath({ context, dockerfile }: DockerfileImage): string {
  return context === '' ? dockerfile : `${context}/${dockerfile}`;
}

/** A base's environment and ONBUILD triggers decide what the file means, and may name further bases. */
async function parseWithBases({ image, platform, reader, base, signal }: DockerfileStageParts, text: string) {
  const buildArgs = [...image.args].map(([name, value]) => ({ name, value }));
  let bases: readonly BaseConfiguration[] = [];
  for (;;) {
    const request = { text, target: image.target, buildArgs, platform, bases: [...bases] };
    const parsed = await reader.parse(request, signal);
    if (parsed.problems.length > 0) throw dockerfileError(dockerfilePath(image), problemsOf(image, parsed));
    if (parsed.missingBases.length === 0) return { parsed, bases };
    const found = await Promise.all(parsed.missingBases.map((reference) => base(reference, platform)));
    bases = [...bases, ...found];
  }
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
