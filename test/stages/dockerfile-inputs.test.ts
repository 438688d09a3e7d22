import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ParsedInstruction, ParsedStage } from '../../src/dockerfile/dockerfile.ts';
import { inputHash } from '../../src/stages/canonical.ts';
import { type ContextFile, contextChecksum } from '../../src/stages/context-checksum.ts';
import {
  contextNeeds,
  type DockerfileInputs,
  dockerfileDependencies,
} from '../../src/stages/dockerfile-inputs.ts';
import type { ContentDigest } from '../../src/stages/stage-digest.ts';

function instruction(change: Partial<ParsedInstruction> = {}): ParsedInstruction {
  return {
    name: 'COPY',
    text: 'COPY a /b',
    line: 2,
    onBuild: false,
    words: ['a', '/b'],
    contextSources: ['a'],
    contextExcludes: [],
    contextMounts: [],
    ...change,
  };
}

function stage(change: Partial<ParsedStage> = {}): ParsedStage {
  return {
    index: 0,
    name: '',
    line: 1,
    baseKind: 'reference',
    baseReference: 'debian:12',
    baseStage: -1,
    platform: '',
    instructions: [instruction()],
    ...change,
  };
}

function hash(
  change: Partial<Pick<DockerfileInputs, 'cacheVersion' | 'addHosts' | 'parsed'>> & {
    readonly sum?: string;
    readonly imageOf?: (reference: string) => string | null;
  } = {},
): string {
  const { sum = 'sum', imageOf = () => null, ...given } = change;
  const inputs = { cacheVersion: '', addHosts: [], parsed: { stages: [stage()] }, ...given };
  const instructions = inputs.parsed.stages.flatMap((one) => one.instructions);
  const checksums = new Map(instructions.map((one) => [one, [sum]]));
  return inputHash(
    dockerfileDependencies({
      ...inputs,
      checksums,
      imageOf: (reference) => imageOf(reference) as ContentDigest | null,
    }),
  );
}

const withStage = (change: Partial<ParsedStage>) => hash({ parsed: { stages: [stage(change)] } });
const withInstruction = (change: Partial<ParsedInstruction>) =>
  withStage({ instructions: [instruction(change)] });

describe('the dependencies of a Dockerfile image', () => {
  it.each([
    ['cacheVersion', hash({ cacheVersion: '1' })],
    ['addHost', hash({ addHosts: ['a:1.2.3.4'] })],
    ['the base', withStage({ baseReference: 'debian:13' })],
    ['the kind of base', withStage({ baseKind: 'scratch', baseReference: '' })],
    ['the platform of FROM', withStage({ platform: 'linux/arm64' })],
    ['an instruction', withInstruction({ name: 'ADD' })],
    ['its words', withInstruction({ words: ['--chown=1', 'a', '/b'] })],
    ['its files', hash({ sum: 'other' })],
    ['the number of instructions', withStage({ instructions: [instruction(), instruction()] })],
    ['the number of stages', hash({ parsed: { stages: [stage(), stage({ index: 1 })] } })],
  ])('change with %s', (_, changed) => {
    expect(changed).not.toBe(hash());
  });

  it.each([
    ['names of stages', withStage({ name: 'build' })],
    ['line numbers', withInstruction({ line: 77 })],
    ['how an instruction is spelled, its words being equal', withInstruction({ text: 'copy  a  /b' })],
    ['the place among stages that are not needed', withStage({ index: 3 })],
  ])('do not depend on %s', (_, same) => {
    expect(same).toBe(hash());
  });

  it('hold the content digest of an image of the file in place of its name', () => {
    const based = (baseReference: string, content: string) =>
      hash({ parsed: { stages: [stage({ baseReference })] }, imageOf: () => content });
    expect(based('one', 'x')).toBe(based('two', 'x'));
    expect(based('one', 'x')).not.toBe(based('one', 'y'));
    expect(based('debian:12', 'debian:12')).not.toBe(hash());
  });

  it('ask for the context once per instruction that copies and once per bind mount', () => {
    const run = instruction({ name: 'RUN', contextSources: [], contextMounts: ['x', 'y'] });
    const needs = contextNeeds([stage({ instructions: [instruction(), run] })]);
    expect(needs.map(({ kind, sources }) => [kind, ...sources])).toEqual([
      ['copy', 'a'],
      ['mount', 'x'],
      ['mount', 'y'],
    ]);
  });
});

describe('a checksum of context files', () => {
  const file = fc.record({
    path: fc.string({ minLength: 1 }),
    mode: fc.constantFrom('100644', '100755', '120000'),
    content: fc.string(),
  });
  const files = fc.uniqueArray(file, { selector: ({ path }) => path, minLength: 1 });

  it('does not depend on the order of files', () => {
    fc.assert(
      fc.property(files, (list) => {
        expect(contextChecksum([...list].reverse())).toBe(contextChecksum(list));
      }),
    );
  });

  it.each<[string, Partial<ContextFile>]>([
    ['name', { path: '\u0000new' }],
    ['mode', { mode: '160000' }],
    ['content', { content: 'a content that no generated one equals' }],
  ])('changes with the %s of any file', (_, change) => {
    fc.assert(
      fc.property(files, fc.nat(), (list, n) => {
        const at = n % list.length;
        const changed = list.map((entry, i) => (i === at ? { ...entry, ...change } : entry));
        expect(contextChecksum(changed)).not.toBe(contextChecksum(list));
      }),
    );
  });

  it('changes when a file is added', () => {
    const one = { path: 'a', mode: '100644', content: 'x' };
    expect(contextChecksum([one, { ...one, path: 'b' }])).not.toBe(contextChecksum([one]));
  });
});
