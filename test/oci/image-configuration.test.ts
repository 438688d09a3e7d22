import { describe, expect, it } from 'vitest';
import { fieldDifferences, parseImageConfiguration } from '../../src/oci/image-configuration.ts';

const parsed = (value: unknown, ...labels: string[]) =>
  parseImageConfiguration(JSON.stringify(value), labels);

describe('the configuration of an image', () => {
  it('tells what made each layer', () => {
    const history = [
      { created_by: 'FROM' },
      { created_by: 'ENV A=1', empty_layer: true },
      { created_by: 'RUN date' },
    ];
    const { diffIds, instructions } = parsed({ rootfs: { diff_ids: ['sha256:1', 'sha256:2'] }, history });
    expect(diffIds).toEqual(['sha256:1', 'sha256:2']);
    expect(instructions).toEqual(['FROM', 'RUN date']);
  });

  it('tells nothing of that when the history does not fit the layers', () => {
    expect(parsed({ rootfs: { diff_ids: ['sha256:1'] } }).instructions).toEqual(['']);
    expect(parsed({}).instructions).toEqual([]);
  });

  it('is compared without its layers, and without labels that say nothing about it', () => {
    const image = (label: string, layer: string) => ({
      config: { Labels: { kept: 'x', 'some.label': label } },
      rootfs: { diff_ids: [layer] },
    });
    const [first, second] = [parsed(image('1', 'a'), 'some.label'), parsed(image('2', 'b'), 'some.label')];
    expect(fieldDifferences(first.rest, second.rest)).toEqual([]);
    expect(fieldDifferences(parsed(image('1', 'a')).rest, parsed(image('2', 'a')).rest)).toEqual([
      { path: 'config.Labels["some.label"]', first: '"1"', second: '"2"' },
    ]);
  });
});

describe('fields that differ', () => {
  it('are named by their paths, in order', () => {
    const first = { config: { Env: ['A=1', 'B=1'], User: 'me' }, created: 'then' };
    const second = { config: { Env: ['A=1', 'B=2', 'C=3'], Cmd: { x: 1 } }, created: 'then' };
    expect(fieldDifferences(first, second)).toEqual([
      { path: 'config.Cmd', first: '-', second: '{"x":1}' },
      { path: 'config.Env[1]', first: '"B=1"', second: '"B=2"' },
      { path: 'config.Env[2]', first: '-', second: '"C=3"' },
      { path: 'config.User', first: '"me"', second: '-' },
    ]);
  });

  it('are none when only the order of names differs', () => {
    expect(fieldDifferences({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 })).toEqual([]);
  });
});
