import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { ParseRequest, PathQuery, PathSet } from '../../src/dockerfile/dockerfile.ts';
import { nativeDockerfileReader } from '../../src/dockerfile/native/native-dockerfile-reader.ts';
import { realEngine } from '../helper/real-engine.ts';

const never = new AbortController().signal;

async function reading() {
  const { engine, runDirectory } = await realEngine();
  return { reader: nativeDockerfileReader(engine, async () => runDirectory), runDirectory };
}

function taken(paths: readonly string[], set: PathSet | undefined): readonly string[] {
  return paths.filter((_, index) => set?.has(index));
}

function parsing(text: string, over: Partial<ParseRequest> = {}): ParseRequest {
  return { text, target: '', buildArgs: [], platform: 'linux/amd64', bases: [], ...over };
}

describe('paths matched by the engine', () => {
  it('answer each query for each path', async () => {
    const { reader } = await reading();
    const paths = ['a.txt', 'dir/b.txt', 'dir/c.md', 'with\nnewline.txt', 'ü/ж.txt'];
    const queries: PathQuery[] = [
      { kind: 'dockerignore', patterns: ['**/*.txt', '!dir/b.txt'] },
      { kind: 'glob', patterns: ['dir/*'] },
      { kind: 'copy', patterns: ['dir'] },
    ];
    const sets = await reader.match(paths, queries, never);
    expect(sets.map((set) => taken(paths, set))).toEqual([
      ['a.txt', 'with\nnewline.txt', 'ü/ж.txt'],
      ['dir/b.txt', 'dir/c.md'],
      ['dir/b.txt', 'dir/c.md'],
    ]);
  });

  it.each([0, 1, 7, 8, 9, 1000])('are told apart among %s', async (count) => {
    const { reader } = await reading();
    const paths = Array.from({ length: count }, (_, i) => (i % 3 === 0 ? `yes/${i}` : `no/${i}`));
    const [set] = await reader.match(paths, [{ kind: 'copy', patterns: ['yes'] }], never);
    expect(taken(paths, set)).toEqual(paths.filter((path) => path.startsWith('yes/')));
    expect(set?.has(count)).toBe(false);
    expect(set?.has(count + 1000)).toBe(false);
  });

  it('leave no list behind, also when a pattern is bad', async () => {
    const { reader, runDirectory } = await reading();
    await reader.match(['a'], [{ kind: 'copy', patterns: ['a'] }], never);
    const failed = reader.match(['a'], [{ kind: 'dockerignore', patterns: ['a[b'] }], never);
    await expect(failed).rejects.toMatchObject({
      code: 'BAD_PATTERN',
      message: expect.stringContaining('a[b'),
    });
    expect(await readdir(runDirectory)).toEqual([]);
  });
});

describe('a Dockerfile read by the engine', () => {
  it('gives the stages its target needs, with their positions', async () => {
    const { reader } = await reading();
    const text = [
      'ARG BASE=busybox',
      'FROM scratch AS other',
      'FROM ${BASE}:1.35 AS build',
      'ARG WHAT',
      'COPY src/$WHAT \\',
      '     /src/',
      'FROM scratch',
      'COPY --from=build /src /out',
    ].join('\n');
    const parsed = await reader.parse(parsing(text, { buildArgs: [{ name: 'WHAT', value: 'lib' }] }), never);
    expect(parsed.problems).toEqual([]);
    expect(parsed.stages.map(({ index, name, line, baseKind }) => ({ index, name, line, baseKind }))).toEqual(
      [
        { index: 1, name: 'build', line: 3, baseKind: 'reference' },
        { index: 2, name: '', line: 7, baseKind: 'scratch' },
      ],
    );
    expect(parsed.stages[0]?.baseReference).toContain('busybox:1.35');
    const copy = parsed.stages[0]?.instructions.find(({ name }) => name === 'COPY');
    expect(copy).toMatchObject({ line: 5, contextSources: ['src/lib'], onBuild: false });
    expect(parsed.usesContext).toBe(true);
  });

  it('tells what is wrong in it as problems with lines', async () => {
    const { reader } = await reading();
    const { problems } = await reader.parse(parsing('FROM scratch\nCOPPY a b\n'), never);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ line: 2, message: expect.stringMatching(/COPPY/i) });
  });
});
