import { describe, expect, it } from 'vitest';
import { inLayerOrder } from '../../src/oci/layer-order.ts';

const sorted = (...paths: string[]) => inLayerOrder(paths.map((path) => ({ path }))).map(({ path }) => path);

describe('the order of layers', () => {
  it('puts what a directory holds right behind it', () => {
    expect(sorted('a.txt', 'a/b', 'a-b', 'a', 'a/b/c', 'a/b.c')).toEqual([
      'a',
      'a/b',
      'a/b/c',
      'a/b.c',
      'a-b',
      'a.txt',
    ]);
  });

  it('is that of bytes, not of UTF-16', () => {
    expect(sorted('\u{1F600}', '\uFFFD', 'é', 'z', '\u0001')).toEqual([
      '\u0001',
      'z',
      'é',
      '\uFFFD',
      '\u{1F600}',
    ]);
  });
});
