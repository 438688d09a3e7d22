import type { Problem } from '../diagnostics/problem.ts';
import type {
  DockerfileReader,
  ParsedInstruction,
  ParsedStage,
  PathQuery,
  PathSet,
} from '../dockerfile/dockerfile.ts';
import type { BuildContext } from './build-context.ts';
import { compareText } from './canonical.ts';
import { type ContextFile, contextChecksum } from './context-checksum.ts';
import { type ContextNeed, contextNeeds } from './dockerfile-inputs.ts';

/** What one place of a Dockerfile takes from its context. */
export interface NeededFiles {
  /** Sorted by path. */
  readonly files: readonly ContextFile[];
  readonly checksum: string;
}

/** Which files of the context a Dockerfile's closure takes. */
export interface ContextSelection {
  /** In the order of `contextNeeds`. Nothing else can enter the image. */
  readonly needs: readonly NeededFiles[];
  /** Per instruction, in the order of its needs. */
  readonly checksums: ReadonlyMap<ParsedInstruction, readonly string[]>;
  readonly problems: readonly Problem[];
}

export const NO_CONTEXT: ContextSelection = { needs: [], checksums: new Map(), problems: [] };

/** @param dockerfileName as the user knows it, for positions */
export async function selectContext(
  stages: readonly ParsedStage[],
  context: BuildContext,
  reader: DockerfileReader,
  dockerfileName: string,
  signal: AbortSignal,
): Promise<ContextSelection> {
  const needs = contextNeeds(stages);
  if (needs.length === 0) return NO_CONTEXT;
  const ignore = ignorePatterns(await context.dockerignore());
  const isIgnored = async (paths: readonly string[]) =>
    ignore.length === 0 ? NOTHING : first(await reader.match(paths, [ignoreQuery(ignore)], signal));
  const [committed, added] = await Promise.all([
    context.committed(),
    context.added(),
    context.assertClean(isIgnored),
  ]);
  const ignored = await isIgnored(committed.map(({ path }) => path));
  const addedPaths = new Set(added.map(({ path }) => path));
  const files = [
    ...added,
    ...committed.filter(({ path }, i) => !ignored.has(i) && !addedPaths.has(path)),
  ].sort((a, b) => compareText(a.path, b.path));
  return await takeNeeded(needs, files, reader, dockerfileName, signal);
}

async function takeNeeded(
  needs: readonly ContextNeed[],
  files: readonly ContextFile[],
  reader: DockerfileReader,
  dockerfileName: string,
  signal: AbortSignal,
): Promise<ContextSelection> {
  const perNeed = needs.map((need): readonly PathQuery[] => [
    ...need.sources.map((source): PathQuery => ({ kind: 'copy', patterns: [source] })),
    { kind: 'copy', patterns: [...need.excludes] },
  ]);
  const paths = files.map(({ path }) => path);
  const sets = await reader.match(paths, perNeed.flat(), signal);
  const taken: NeededFiles[] = [];
  const checksums = new Map<ParsedInstruction, string[]>();
  const problems: Problem[] = [];
  let next = 0;
  needs.forEach((need, i) => {
    const own = sets.slice(next, next + (perNeed[i]?.length ?? 0));
    next += own.length;
    const excluded = own.at(-1) ?? NOTHING;
    const sources = own.slice(0, -1);
    const mine = files.filter((_, at) => !excluded.has(at) && sources.some((set) => set.has(at)));
    const checksum = contextChecksum(mine);
    taken.push({ files: mine, checksum });
    checksums.set(need.instruction, [...(checksums.get(need.instruction) ?? []), checksum]);
    problems.push(...emptySources(need, sources, files.length, dockerfileName));
  });
  return { needs: taken, checksums, problems };
}

function emptySources(
  { kind, sources, instruction }: ContextNeed,
  sets: readonly PathSet[],
  count: number,
  file: string,
): readonly Problem[] {
  if (kind === 'mount') return [];
  const found = sets.map((set) => Array.from({ length: count }, (_, i) => i).some((i) => set.has(i)));
  return sources.flatMap((source, i): Problem[] =>
    found[i]
      ? []
      : [
          {
            code: 'CONTEXT_NO_MATCH',
            message: `${instruction.name} ${source}: no file of the build context matches`,
            position: { file, line: instruction.line, column: 1 },
            hint: 'is it committed, inside the context directory, and not excluded by .dockerignore?',
          },
        ],
  );
}

const NOTHING: PathSet = { has: () => false };

function first(sets: readonly PathSet[]): PathSet {
  return sets[0] ?? NOTHING;
}

function ignoreQuery(patterns: readonly string[]): PathQuery {
  return { kind: 'dockerignore', patterns: [...patterns] };
}

/** Lines of an ignore file that hold a pattern. */
export function ignorePatterns(text: string | null): readonly string[] {
  return (text ?? '')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
