import type {
  BaseConfiguration,
  DockerfileReader,
  ParsedDockerfile,
  ParseRequest,
} from '../dockerfile/dockerfile.ts';

/** A Dockerfile read with all that it needs to know of its bases. */
export interface ReadDockerfile {
  readonly parsed: ParsedDockerfile;
  readonly bases: readonly BaseConfiguration[];
}

/**
 * A base's environment and ONBUILD triggers decide what the file means, and may name further bases.
 * @param base configuration of a base by reference
 * @returns as far as it could be read: see the problems of what was parsed
 */
export async function readDockerfile(
  reader: DockerfileReader,
  request: Omit<ParseRequest, 'bases'>,
  base: (reference: string) => Promise<BaseConfiguration>,
  signal: AbortSignal,
): Promise<ReadDockerfile> {
  let bases: readonly BaseConfiguration[] = [];
  for (;;) {
    const parsed = await reader.parse({ ...request, bases: [...bases] }, signal);
    if (parsed.problems.length > 0 || parsed.missingBases.length === 0) return { parsed, bases };
    bases = [...bases, ...(await Promise.all(parsed.missingBases.map(base)))];
  }
}
