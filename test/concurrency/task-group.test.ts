import { describe, expect, it } from 'vitest';
import { type GroupTask, runTaskGroup } from '../../src/concurrency/task-group.ts';

const quiet = new AbortController().signal;

function recorder() {
  const log: string[] = [];
  const task = (name: string, needs: string[], milliseconds = 1): GroupTask<string> => ({
    name,
    needs,
    async run() {
      log.push(`+${name}`);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      log.push(`-${name}`);
      return name.toUpperCase();
    },
  });
  return { log, task };
}

describe('a group of tasks', () => {
  it('starts each as soon as its needs are done', async () => {
    const { log, task } = recorder();
    const tasks = [task('slow', [], 60), task('quick', [], 5), task('after-quick', ['quick'], 5)];
    const results = await runTaskGroup(tasks, { limit: null, signal: quiet });
    expect(log.indexOf('+after-quick')).toBeLessThan(log.indexOf('-slow'));
    expect(results.get('after-quick')).toBe('AFTER-QUICK');
  });

  it('runs at most as many at once as allowed', async () => {
    const { log, task } = recorder();
    await runTaskGroup([task('a', []), task('b', []), task('c', [])], { limit: 1, signal: quiet });
    expect(log).toEqual(['+a', '-a', '+b', '-b', '+c', '-c']);
  });

  it('stops the others at the first failure and waits for their end', async () => {
    const ended: string[] = [];
    const failing: GroupTask<string> = { name: 'bad', needs: [], run: () => Promise.reject(new Error('no')) };
    const other: GroupTask<string> = {
      name: 'other',
      needs: [],
      run: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            ended.push('other');
            reject(signal.reason);
          });
        }),
    };
    const { log, task } = recorder();
    const group = runTaskGroup([other, failing, task('late', ['bad'])], { limit: null, signal: quiet });
    await expect(group).rejects.toThrow('no');
    expect(ended).toEqual(['other']);
    expect(log).toEqual([]);
  });

  it('ends with the reason of the signal', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    const { task } = recorder();
    await expect(runTaskGroup([task('a', [])], { limit: null, signal: stop.signal })).rejects.toThrow(
      'stopped',
    );
  });
});
