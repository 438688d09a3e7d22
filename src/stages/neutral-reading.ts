import type { DockerfileReader, ParsedStage, ParseRequest } from '../dockerfile/dockerfile.ts';
import { type DockerfileDependency, standInNamed } from './dockerfile-dependency.ts';
import type { DockerfileInputs } from './dockerfile-inputs.ts';
import { type ReadDockerfile, readDockerfile } from './read-dockerfile.ts';

/** What a digest takes of a Dockerfile. */
export type DigestedDockerfile = Pick<DockerfileInputs, 'parsed' | 'checksums' | 'imageOf'>;

interface NeutralParts {
  readonly reader: DockerfileReader;
  readonly request: Omit<ParseRequest, 'bases'>;
  readonly dependencies: readonly DockerfileDependency[];
  /** The file as it is built. */
  readonly built: ReadDockerfile;
  readonly checksums: DockerfileInputs['checksums'];
  readonly signal: AbortSignal;
}

/**
 * Reads a Dockerfile once more with stand-ins in place of what it is told of other images. Where a value decides which
 * stages or instructions there are, the two readings do not fit together, and the digest is made of the real values.
 */
export async function neutralReading(parts: NeutralParts): Promise<DigestedDockerfile> {
  const { reader, request, dependencies, built, checksums, signal } = parts;
  const real: DigestedDockerfile = { parsed: built.parsed, checksums, imageOf: () => null };
  if (dependencies.length === 0) return real;
  const standIns = new Map(dependencies.flatMap((dependency) => [...dependency.standIns]));
  const buildArgs = request.buildArgs.map(({ name, value }) => ({
    name,
    value: standIns.get(name) ?? value,
  }));
  const bare = await reader.parse({ ...request, buildArgs, bases: [] }, signal);
  if (!fits(bare.stages, built.parsed.stages)) return real;
  const base = async (reference: string) => {
    const at = bare.stages.findIndex(({ baseReference }) => baseReference === reference);
    const own = built.parsed.stages[at]?.baseReference;
    const known = built.bases.find((each) => each.reference === own);
    return { env: known?.env ?? [], onBuild: known?.onBuild ?? [], reference };
  };
  const { parsed } = await readDockerfile(reader, { ...request, buildArgs }, base, signal);
  if (!fits(parsed.stages, built.parsed.stages)) return real;
  const imageOf = (reference: string) => standInNamed(reference, dependencies)?.image.contentDigest ?? null;
  return { parsed, checksums: moved(checksums, built.parsed.stages, parsed.stages), imageOf };
}

/** Do both have the same stages, as far as bases go? Without its base, a stage may lack the instructions of ONBUILD. */
function fits(one: readonly ParsedStage[], other: readonly ParsedStage[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ index, baseKind }, i) => index === other[i]?.index && baseKind === other[i]?.baseKind)
  );
}

/** Checksums of the instructions at the same places. */
function moved(
  checksums: DockerfileInputs['checksums'],
  from: readonly ParsedStage[],
  to: readonly ParsedStage[],
): DockerfileInputs['checksums'] {
  const targets = to.flatMap(({ instructions }) => instructions);
  return new Map(
    from
      .flatMap(({ instructions }) => instructions)
      .flatMap((instruction, i) => {
        const known = checksums.get(instruction);
        const target = targets[i];
        return known && target ? [[target, known] as const] : [];
      }),
  );
}
