import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inProcessLocks } from '../../src/locks/in-process/in-process-locks.ts';

const never = new AbortController().signal;

describe('locks within the process', () => {
  it('let one in at a time, in the order of asking', async () => {
    const locks = inProcessLocks();
    const seen: string[] = [];
    const work = (name: string) => async () => {
      seen.push(`${name} in`);
      await sleep(10);
      seen.push(`${name} out`);
      return name;
    };
    const held = ['a', 'b', 'c'].map((name) => locks.hold('stage', never, work(name)));
    expect(await Promise.all(held)).toEqual(['a', 'b', 'c']);
    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  it('do not mind other names', async () => {
    const locks = inProcessLocks();
    const held = locks.hold('one', never, () => locks.hold('other', never, async () => 'both'));
    expect(await held).toBe('both');
  });

  it('are free again after a failure', async () => {
    const locks = inProcessLocks();
    const failed = locks.hold('stage', never, () => Promise.reject(new Error('broken')));
    await expect(failed).rejects.toThrow('broken');
    expect(await locks.hold('stage', never, async () => 'free')).toBe('free');
  });

  it('are not waited for any longer when the signal is aborted', async () => {
    const locks = inProcessLocks();
    let release: () => void = () => undefined;
    const holder = locks.hold(
      'stage',
      never,
      () =>
        new Promise<void>((resolve) => {
          release = resolve;
        }),
    );
    const stop = new AbortController();
    let entered = false;
    const waiting = locks.hold('stage', stop.signal, async () => {
      entered = true;
    });
    const next = locks.hold('stage', never, async () => 'next');
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    release();
    await holder;
    expect(await next).toBe('next');
    expect(entered).toBe(false);
  });

  it('are kept until work that is being stopped has ended', async () => {
    const locks = inProcessLocks();
    const stop = new AbortController();
    const seen: string[] = [];
    const holder = locks.hold('stage', stop.signal, async () => {
      await sleep(30);
      seen.push('cleaned up');
      throw stop.signal.reason;
    });
    const next = locks.hold('stage', never, async () => seen.push('next'));
    await sleep(5);
    stop.abort(new Error('enough'));
    await expect(holder).rejects.toThrow('enough');
    await next;
    expect(seen).toEqual(['cleaned up', 'next']);
  });
});
