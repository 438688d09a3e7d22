import { describe, expect, it } from 'vitest';
import type { PlannedBuild } from '../../src/conveyor/image-plan.ts';
import { longestFirst } from '../../src/conveyor/longest-first.ts';

const build = (name: string, ...needs: string[]) => ({ name, needs }) as unknown as PlannedBuild;
const names = (ordered: readonly PlannedBuild[]) => ordered.map(({ name }) => name);

describe('the order of images', () => {
  it('begins with what most work waits for', () => {
    const planned = [build('short'), build('base'), build('middle', 'base'), build('top', 'middle')];
    const times = new Map([
      ['short', 2000],
      ['base', 1000],
      ['middle', 1000],
      ['top', 1000],
    ]);
    expect(names(longestFirst(planned, times))).toEqual(['base', 'short', 'middle', 'top']);
  });

  it('is that of the file where nothing is known', () => {
    const planned = [build('b'), build('a'), build('c')];
    expect(names(longestFirst(planned, new Map()))).toEqual(['b', 'a', 'c']);
  });
});
