import type { Params, Result } from '../helper/protocol.ts';

export type ParseRequest = Params<'dockerfile.parse'>;
export type ParsedDockerfile = Result<'dockerfile.parse'>;
export type ParsedStage = ParsedDockerfile['stages'][number];
export type ParsedInstruction = ParsedStage['instructions'][number];
export type BaseConfiguration = ParseRequest['bases'][number];
export type PathQuery = Params<'match.paths'>['queries'][number];

/** Reads Dockerfiles and decides which paths patterns take: one implementation for digests and for building. */
export interface DockerfileReader {
  /** Never throws for what is wrong in the file: see `problems` of the result. */
  parse(request: ParseRequest, signal: AbortSignal): Promise<ParsedDockerfile>;
  /** @returns per query, for each path whether it is taken */
  match(
    paths: readonly string[],
    queries: readonly PathQuery[],
    signal: AbortSignal,
  ): Promise<readonly PathSet[]>;
}

/** Which of a list of paths a query took. */
export interface PathSet {
  has(index: number): boolean;
}
