import { describe, expect, it } from 'vitest';
import type { DockerfileReader, ParsedStage, PathQuery } from '../../src/dockerfile/dockerfile.ts';
import type { BuildContext } from '../../src/stages/build-context.ts';
import { contextChecksum } from '../../src/stages/context-checksum.ts';
import { selectContext } from '../../src/stages/context-selection.ts';

const never = new AbortController().signal;

/** Takes what a pattern names, and what lies below it. */
const reader: DockerfileReader = {
  parse: () => Promise.reject(new Error('nothing is parsed here')),
  async match(paths, queries) {
    const takes = ({ patterns }: PathQuery, path: string) =>
      patterns.some((pattern) => path === pattern || path.startsWith(`${pattern}/`));
    return queries.map((query) => ({ has: (index) => takes(query, paths[index] ?? '') }));
  },
};

const file = (path: string) => ({ path, mode: '100644', content: `id of ${path}` });
const FILES = ['a', 'dir/b', 'dir/c', 'unused'].map(file);

const context: BuildContext = {
  dockerfile: async () => '',
  dockerignore: async () => null,
  committed: async () => FILES,
  added: async () => [],
  assertClean: async () => undefined,
  write: async () => undefined,
};

type Instruction = ParsedStage['instructions'][number];

function instruction(line: number, over: Partial<Instruction>): Instruction {
  const none = { contextSources: [], contextExcludes: [], contextMounts: [], usesContext: true };
  return { name: 'COPY', words: [], line, ...none, ...over } as unknown as Instruction;
}

function stagesOf(...instructions: readonly (readonly Instruction[])[]): readonly ParsedStage[] {
  return instructions.map((own) => ({ instructions: own })) as unknown as readonly ParsedStage[];
}

describe('what is taken from the context', () => {
  it('is kept for each place that reads it, in the order of the file', async () => {
    const copy = instruction(1, { contextSources: ['dir'], contextExcludes: ['dir/c'] });
    const run = instruction(2, { name: 'RUN', contextMounts: ['a', 'nothing'] });
    const again = instruction(3, { contextSources: ['a', 'dir'] });
    const { needs, checksums, problems } = await selectContext(
      stagesOf([copy, run], [again]),
      context,
      reader,
      'Dockerfile',
      never,
    );
    expect(problems).toEqual([]);
    expect(needs.map(({ files }) => files.map(({ path }) => path))).toEqual([
      ['dir/b'],
      ['a'],
      [],
      ['a', 'dir/b', 'dir/c'],
    ]);
    expect(needs.map(({ checksum }) => checksum)).toEqual(needs.map(({ files }) => contextChecksum(files)));
    const [one, two, three, four] = needs.map(({ checksum }) => checksum);
    expect(checksums).toEqual(
      new Map([
        [copy, [one]],
        [run, [two, three]],
        [again, [four]],
      ]),
    );
  });

  it('is nothing where no instruction reads it', async () => {
    const { needs } = await selectContext(stagesOf([]), context, reader, 'Dockerfile', never);
    expect(needs).toEqual([]);
  });
});
