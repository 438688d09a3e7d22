import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { machineLocks } from '../../src/locks/machine/machine-locks.ts';

const never = new AbortController().signal;
const TIMES = { look: 5, sign: 20, silence: 200 };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'slipway-locks-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Makes the lock of `name` one that this text says to hold. */
async function heldBy(name: string, owner: string): Promise<void> {
  await machineLocks(directory, TIMES).hold(name, never, async () => {
    const [file = ''] = await readdir(directory);
    await writeFile(join(directory, file), owner);
  });
}

describe('locks of a machine', () => {
  it('are held by one at a time, whoever asks', async () => {
    let [inside, most, done] = [0, 0, 0];
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      done++;
    };
    const all = Array.from({ length: 20 }, () => machineLocks(directory, TIMES).hold('a', never, work));
    await Promise.all(all);
    expect([most, done]).toEqual([1, 20]);
    expect(await readdir(directory)).toEqual([]);
  });

  it('do not keep off those of another name', async () => {
    const locks = machineLocks(directory, TIMES);
    expect(await locks.hold('a', never, () => locks.hold('b', never, async () => 'both'))).toBe('both');
  });

  it('are free again after a failure', async () => {
    const locks = machineLocks(directory, TIMES);
    const failing = locks.hold('a', never, async () => await Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await locks.hold('a', never, async () => 'free')).toBe('free');
  });

  it('are not waited for any more when the signal says so', async () => {
    const locks = machineLocks(directory, TIMES);
    await locks.hold('a', never, async () => {
      const stop = new AbortController();
      const waiting = locks.hold('a', stop.signal, async () => 'never');
      stop.abort(new Error('enough'));
      await expect(waiting).rejects.toThrow();
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it('are taken over from the dead, and from those who show no sign of life', async () => {
    const locks = machineLocks(directory, TIMES);
    // The boot and namespace of this process, with a number that no process has.
    let owner = '';
    await locks.hold('a', never, async () => {
      const { readFile } = await import('node:fs/promises');
      const [file = ''] = await readdir(directory);
      owner = await readFile(join(directory, file), 'utf8');
    });
    const fields = owner.split(' ');
    await heldBy('a', [fields[0], fields[1], '4194305', '1', 'x'].join(' '));
    expect(await locks.hold('a', never, async () => 'from the dead')).toBe('from the dead');
    await heldBy('a', 'another-machine another-namespace 1 1 x');
    const silent = await Promise.all([1, 2, 3].map((n) => locks.hold('a', never, async () => n)));
    expect(silent).toEqual([1, 2, 3]);
  });

  it('are kept by those who work longer than silence lasts', async () => {
    const locks = machineLocks(directory, TIMES);
    const order: string[] = [];
    const long = locks.hold('a', never, async () => {
      await new Promise((resolve) => setTimeout(resolve, 3 * TIMES.silence));
      order.push('long');
    });
    await expect.poll(() => readdir(directory)).toHaveLength(1);
    await locks.hold('a', never, async () => void order.push('next'));
    await long;
    expect(order).toEqual(['long', 'next']);
  });
});
