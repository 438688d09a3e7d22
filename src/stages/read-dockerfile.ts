import type {
  BaseConfiguration,
  DockerfileReader,
  ParsedDockerfile,
  ParseRequest,
} from '../dockerfile/dockerfile.ts';

import type { Platform } from '../oci/platform.ts';
import { stagePlatforms } from './stage-platforms.ts';

/** A Dockerfile read with all that it needs to know of its bases. */
export interface ReadDockerfile {
  readonly parsed: ParsedDockerfile;
  readonly bases: readonly BaseConfiguration[];
}

/**
 * A base's environment and ONBUILD triggers decide what the file means, and may name further bases.
 * @param base configuration of a base, by its reference and the platform of the first stage that is based on it
 * @returns as far as it could be read: see the problems of what was parsed
 */
export async function readDockerfile(
  reader: DockerfileReader,
  request: Omit<ParseRequest, 'bases'>,
  base: (reference: string, platform: Platform) => Promise<BaseConfiguration>,
  signal: AbortSignal,
): Promise<ReadDockerfile> {
  let bases: readonly BaseConfiguration[] = [];
  for (;;) {
    const parsed = await reader.parse({ ...request, bases: [...bases] }, signal);
    if (parsed.problems.length > 0 || parsed.missingBases.length === 0) return { parsed, bases };
    const platforms = stagePlatforms(parsed.stages, request.platform as Platform);
    const found = parsed.missingBases.map((reference) => {
      const first = parsed.stages.find(({ baseReference }) => baseReference === reference);
      return base(reference, (first && platforms.get(first.index)) ?? (request.platform as Platform));
    });
    bases = [...bases, ...(await Promise.all(found))];
  }
}
