import { describe, expect, it } from 'vitest';
import { eachOf } from '../../src/concurrency/each-of.ts';

describe('each of some items', () => {
  it('is worked on, no more than so many at once, and answers in order', async () => {
    let running = 0;
    let most = 0;
    const results = await eachOf([5, 1, 4, 2, 3], 2, async (item) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < item; turn++) await Promise.resolve();
      running--;
      return item * 10;
    });
    expect([results, most]).toEqual([[50, 10, 40, 20, 30], 2]);
  });

  it('begins no more after a failure, and waits for those that run', async () => {
    const ended: number[] = [];
    const work = eachOf([0, 1, 2, 3], 2, async (item) => {
      if (item === 0) throw new Error('broken');
      await new Promise((resolve) => setImmediate(resolve));
      ended.push(item);
    });
    await expect(work).rejects.toThrow('broken');
    expect(ended).toEqual([1]);
  });

  it('may be none', async () => {
    expect(await eachOf([], 3, async () => 1)).toEqual([]);
  });
});
