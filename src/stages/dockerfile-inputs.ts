import type { ParsedDockerfile, ParsedInstruction, ParsedStage } from '../dockerfile/dockerfile.ts';
import type { Canonical } from './canonical.ts';
import type { ContentDigest } from './stage-digest.ts';

/** Everything that decides the stage `dockerfile` besides its platform. */
export interface DockerfileInputs {
  readonly cacheVersion: string;
  readonly addHosts: readonly string[];
  readonly parsed: Pick<ParsedDockerfile, 'stages'>;
  /** Checksums of what each instruction reads from the context, in the order of `contextNeeds`. */
  readonly checksums: ReadonlyMap<ParsedInstruction, readonly string[]>;
  /** Which image of the file a reference of FROM means; null: it comes from elsewhere. */
  readonly imageOf: (reference: string) => ContentDigest | null;
}

/** One place where a Dockerfile reads its context. */
export interface ContextNeed {
  readonly instruction: ParsedInstruction;
  readonly sources: readonly string[];
  readonly excludes: readonly string[];
  /** COPY and ADD must find something; a bind mount of a directory may be empty. */
  readonly kind: 'copy' | 'mount';
}

/** All places in file order where the closure of the target reads the context. */
export function contextNeeds(stages: readonly ParsedStage[]): readonly ContextNeed[] {
  return stages.flatMap((stage) =>
    stage.instructions.flatMap((instruction): ContextNeed[] => {
      const { contextSources, contextExcludes, contextMounts } = instruction;
      const at = { instruction };
      const copies: ContextNeed[] =
        contextSources.length > 0
          ? [{ ...at, sources: contextSources, excludes: contextExcludes, kind: 'copy' }]
          : [];
      const mounts = contextMounts.map(
        (source): ContextNeed => ({ ...at, sources: [source], excludes: [], kind: 'mount' }),
      );
      return [...copies, ...mounts];
    }),
  );
}

/** The dependencies of the stage `dockerfile`. @see docs/reference/digests.md */
export function dockerfileDependencies(inputs: DockerfileInputs): readonly Canonical[] {
  const { cacheVersion, addHosts, parsed, checksums, imageOf } = inputs;
  return [
    cacheVersion,
    addHosts,
    parsed.stages.map(
      (stage): Canonical => [
        ...baseOf(stage, parsed.stages, imageOf),
        stage.platform,
        stage.instructions.map(
          (instruction): Canonical => [instruction.name, instruction.words, checksums.get(instruction) ?? []],
        ),
      ],
    ),
  ];
}

/** A stage's base by its place among the needed ones: adding a stage that the target does not need changes nothing. */
function baseOf(
  stage: ParsedStage,
  needed: readonly ParsedStage[],
  imageOf: DockerfileInputs['imageOf'],
): readonly Canonical[] {
  switch (stage.baseKind) {
    case 'scratch':
      return ['scratch', ''];
    case 'stage':
      return ['stage', needed.findIndex(({ index }) => index === stage.baseStage)];
    case 'reference': {
      const content = imageOf(stage.baseReference);
      return content === null ? ['ref', stage.baseReference] : ['image', content];
    }
  }
}
