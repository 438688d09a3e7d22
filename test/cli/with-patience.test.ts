import { describe, expect, it } from 'vitest';
import { withPatience } from '../../src/cli/with-patience.ts';

const never = new Promise<string>(() => undefined);

describe('waiting with patience', () => {
  it('waits as long as nobody stops it', async () => {
    const work = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 50));
    expect(await withPatience(work, new AbortController().signal, 1)).toBe('done');
  });

  it('gives work some time to stop by itself', async () => {
    const stop = new AbortController();
    const work = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 50));
    stop.abort(new Error('stopped'));
    expect(await withPatience(work, stop.signal, 2000)).toBe('done');
  });

  it('leaves behind what does not stop', async () => {
    const stop = new AbortController();
    const waiting = withPatience(never, stop.signal, 20);
    stop.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });

  it('tells of failures', async () => {
    await expect(
      withPatience(Promise.reject(new Error('broken')), new AbortController().signal, 1),
    ).rejects.toThrow('broken');
  });
});
